package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/forms"
	"github.com/flask-vault/flask-vault/cmd/internal/search"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/format"
)

// known is all that must not be in a text: the values of every environment and
// the keys.
type known struct {
	secrets []*secret
	byText  map[string]*secret
	skipped []skippedSecret
	failed  []failedEnvironment
}

// secret is a value and the names that it has.
type secret struct {
	text  string
	forms func(add func(view search.View, text string, kind forms.Kind))
	names []secretName
}

// everyForm adds what a value looks like in each view of a text.
func everyForm(value string, keep func(line string) bool, add func(view search.View, text string, kind forms.Kind)) {
	in := func(view search.View) func(string, forms.Kind) {
		return func(text string, kind forms.Kind) { add(view, text, kind) }
	}
	forms.Each(value, keep, in(search.AsIs))
	forms.Wide(value, keep, in(search.AsIs))
	forms.Unescaped(value, keep, in(search.Unescaped))
	forms.Joined(value, keep, in(search.Joined))
}

type secretName struct {
	Environment string `json:"environment"`
	Name        string `json:"name"`
	Old         bool   `json:"old,omitempty"` // it is of an earlier version of the document
}

type skippedSecret struct {
	secretName
	Why string `json:"why"`
}

type failedEnvironment struct {
	Environment string `json:"environment"`
	Why         string `json:"why"`
}

// masterKey is the name under which a key is reported. No value of a document
// can have it.
const masterKey = "the master key"

func newKnown() *known { return &known{byText: map[string]*secret{}} }

// addKey adds an environment's key, as its file has it, and as its bytes.
func (k *known) addKey(e *vaultkeys.Environment) {
	if e.Cipher == nil {
		return
	}
	key := e.Key
	k.add(key.Text(), secretName{Environment: e.Environment, Name: masterKey}, func(add func(search.View, string, forms.Kind)) {
		add(search.AsIs, strings.TrimRight(key.Text(), "="), forms.Plain)
		raw := key.Bytes()
		defer clear(raw)
		everyForm(key.Text(), nil, add)
		everyForm(string(raw), nil, add)
	})
}

// addDocument adds the values of a sealed document. One that does not open or
// parse is an error.
func (k *known) addDocument(e *vaultkeys.Environment, blob []byte, old bool) error {
	text, err := e.Open(blob)
	if err != nil {
		return err
	}
	doc, err := e.Options.Format.Parse(text)
	if err != nil {
		return err
	}
	for _, name := range doc.Names() {
		v, err := doc.Get(name)
		if err != nil || v.Kind() == format.Null {
			continue
		}
		why := forms.Weak(v.Reveal())
		if slices.ContainsFunc(e.NotSecret, func(n string) bool { return name == n || strings.HasPrefix(name, n+".") }) {
			why = notSecret
		}
		k.addValue(v.Reveal(), secretName{Environment: e.Environment, Name: name, Old: old}, why)
	}
	return nil
}

const notSecret = "not_secret names it"

// addValue adds a value unless why says that it is not searched for. A value that
// is weak as a whole may have lines that are not.
func (k *known) addValue(text string, name secretName, why string) {
	if why == "" || why != notSecret && len(forms.Lines(text)) > 0 {
		k.add(text, name, func(add func(search.View, string, forms.Kind)) {
			everyForm(text, func(line string) bool { return forms.Weak(line) == "" }, add)
		})
		return
	}
	if s := (skippedSecret{name, why}); !name.Old && !slices.Contains(k.skipped, s) {
		k.skipped = append(k.skipped, s)
	}
}

func (k *known) add(text string, name secretName, forms func(add func(search.View, string, forms.Kind))) {
	s := k.byText[text]
	if s == nil {
		s = &secret{text: text, forms: forms}
		k.byText[text] = s
		k.secrets = append(k.secrets, s)
	}
	// A value that is there now is not reported as an old one too.
	if !slices.ContainsFunc(s.names, func(n secretName) bool { return n.Environment == name.Environment && n.Name == name.Name }) {
		s.names = append(s.names, name)
	}
}

// addVault adds the keys and the documents of a vault as they are in the work
// tree. What cannot be opened is in failed.
func (k *known) addVault(ctx context.Context, keys []*vaultkeys.Environment) {
	for _, e := range keys {
		k.addKey(e)
		for _, path := range []string{e.Path(), e.LocalPath()} {
			var blob []byte
			var err error
			if path == e.Path() && e.Remote() {
				var snap backend.Snapshot
				snap, err = e.Options.Store.Load(ctx, "")
				if blob = snap.Blob; err != nil {
					k.failed = append(k.failed, failedEnvironment{e.Environment, e.Credentials + ": " + err.Error()})
					break
				}
			} else {
				blob, err = durable.ReadFile(path, backend.MaxDocument)
			}
			switch {
			case errors.Is(err, fs.ErrNotExist) && (path == e.LocalPath() || optional(e, keys)):
				continue // it need not be there
			case err != nil:
				err = fmt.Errorf("%s: %w", e.Display(path), durable.WithoutPath(err))
			default:
				err = k.addDocument(e, blob, false)
			}
			if err != nil {
				k.failed = append(k.failed, failedEnvironment{e.Environment, err.Error()})
				break
			}
		}
	}
}

// optional reports whether an environment need not have a document: a vault may
// consist of named environments alone.
func optional(e *vaultkeys.Environment, all []*vaultkeys.Environment) bool {
	return e.Environment == config.DefaultEnvironment && len(all) > 1
}

// patterns are what is searched for: texts, and whose they are.
type patterns struct {
	views search.Views
	of    []map[int]pattern // for each view, by the index in its set
}

type pattern struct {
	kind    forms.Kind
	secrets []*secret // that the text may be
}

func (k *known) patterns() *patterns {
	var p patterns
	for view := range p.views {
		texts := []string{}
		of := map[int]pattern{}
		index := map[string]int{}
		for _, s := range k.secrets {
			s.forms(func(v search.View, text string, kind forms.Kind) {
				if int(v) != view || len(text) < 8 { // a few digits of base64 are in every image
					return
				}
				i, ok := index[text]
				if !ok {
					i = len(texts)
					index[text] = i
					texts = append(texts, text)
					of[i] = pattern{kind: kind}
				}
				if x := of[i]; !slices.Contains(x.secrets, s) {
					x.secrets = append(x.secrets, s)
					of[i] = x
				}
			})
		}
		p.views[view] = search.New(texts)
		p.of = append(p.of, of)
	}
	return &p
}

// nameList writes names for a person: "db.password (default, production)".
func nameList(names []secretName) string {
	var order []string
	environments := map[string][]string{}
	for _, n := range names {
		name := n.Name
		if n.Old {
			name += ", an older value"
		}
		if _, ok := environments[name]; !ok {
			order = append(order, name)
		}
		environments[name] = append(environments[name], n.Environment)
	}
	words := make([]string, len(order))
	for i, name := range order {
		words[i] = fmt.Sprintf("%s (%s)", name, strings.Join(environments[name], ", "))
	}
	return strings.Join(words, "; ")
}

// showPath writes a path on one line.
func showPath(path string) string {
	if strings.ContainsAny(path, "\n\r\t\"") {
		return fmt.Sprintf("%q", path)
	}
	return sanitize(filepath.ToSlash(path))
}

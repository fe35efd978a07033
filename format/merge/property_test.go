package merge

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/dotenv"
	"github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// writers are the formats, and how the tests write a document in them.
var writers = []struct {
	format   format.Format
	text     func(*entryModel) string
	flat     bool // it has no mappings
	comments bool
}{
	{yaml.Format{}, yamlText, false, true},
	{toml.Format{}, tomlText, false, true},
	{json.Format{}, jsonText, false, false},
	{dotenv.Format{}, envText, true, true},
}

func leavesOf(t *rapid.T, f format.Format, text string) leaves {
	b, err := outline(f, []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	x := leaves{}
	x.block(b, nil)
	return x
}

// values is what a document gives to who reads it, independent of outlines.
func values(t *rapid.T, f format.Format, text []byte) map[string]string {
	doc, err := f.Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	all := map[string]string{}
	for _, name := range doc.Names() {
		v, err := doc.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = v.Kind().String() + " " + v.Reveal()
	}
	return all
}

// TestDifferentKeys: where the sides touch different keys, the merge is what both
// edits make of the base, in either order, with all comments.
func TestDifferentKeys(t *testing.T) {
	for _, w := range writers {
		t.Run(w.format.Name(), rapid.MakeCheck(func(t *rapid.T) {
			var n names
			base := n.document(t, w.flat)
			a := n.edits(t, base, nil, w.flat)
			b := n.edits(t, base, a, w.flat)
			both := applied(base, a, b)
			texts := [3]string{w.text(base), w.text(applied(base, a)), w.text(applied(base, b))}
			crlf := rapid.SampledFrom([]int{-1, -1, 0, 1, 2}).Draw(t, "crlf") // the version that another system wrote
			want := w.text(both)
			for _, order := range [][2]int{{1, 2}, {2, 1}} {
				ours, theirs := texts[order[0]], texts[order[1]]
				if crlf >= 0 {
					different := []*string{&texts[0], &ours, &theirs}[crlf]
					*different = strings.ReplaceAll(strings.ReplaceAll(*different, "\r\n", "\n"), "\n", "\r\n")
				}
				r, err := Three(w.format, []byte(texts[0]), []byte(ours), []byte(theirs), nil)
				if err != nil || len(r.Conflicts) > 0 {
					var keys []string
					for _, c := range r.Conflicts {
						keys = append(keys, c.Key)
					}
					t.Fatalf("%v, conflicts %q\nbase\n%s\nours\n%s\ntheirs\n%s", err, keys, texts[0], ours, theirs)
				}
				text := string(r.Text)
				if crlf >= 0 {
					text = strings.ReplaceAll(text, "\r\n", "\n") // a list is its text
				}
				if !leavesOf(t, w.format, text).equal(leavesOf(t, w.format, want)) ||
					!maps.Equal(values(t, w.format, []byte(text)), values(t, w.format, []byte(want))) {
					t.Fatalf("base\n%s\nours\n%s\ntheirs\n%s\nmerged\n%s\nwant\n%s", texts[0], ours, theirs, r.Text, want)
				}
				if crlf >= 0 && ours != texts[0] && strings.Contains(ours, "\n") {
					if ends := strings.Count(string(r.Text), "\n"); strings.Count(string(r.Text), "\r\n") != map[bool]int{crlf == 1: ends}[true] {
						t.Fatalf("base\n%q\nours\n%q\ntheirs\n%q\nmerged\n%q", texts[0], ours, theirs, r.Text)
					}
				}
				if !w.comments {
					continue
				}
				for _, c := range both.comments() {
					if strings.Contains(want, "# "+c+"\n") && !strings.Contains(text, "# "+c+"\n") {
						t.Fatalf("the comment %s is lost\nbase\n%s\nours\n%s\ntheirs\n%s\nmerged\n%s", c, texts[0], ours, theirs, r.Text)
					}
				}
			}
		}))
	}
}

// TestNothingIsLost: whatever the sides do, and whatever is decided, a key that both
// have is in the result, a new one is too, and no value is made up.
func TestNothingIsLost(t *testing.T) {
	for _, w := range writers {
		t.Run(w.format.Name(), rapid.MakeCheck(func(t *rapid.T) {
			var n names
			base := n.document(t, w.flat)
			texts := [3]string{w.text(base)}
			for i := range 2 {
				texts[i+1] = w.text(applied(base, n.edits(t, base, nil, w.flat)))
			}
			ours, theirs := []byte(texts[1]), []byte(texts[2])
			r, err := Three(w.format, []byte(texts[0]), ours, theirs, nil)
			decided := map[string]Side{}
			for _, c := range r.Conflicts {
				decided[c.Key] = rapid.SampledFrom([]Side{Ours, Theirs}).Draw(t, "side")
			}
			if len(decided) > 0 {
				if r.Text != nil {
					t.Fatal("a text with conflicts")
				}
				r, err = Three(w.format, []byte(texts[0]), ours, theirs, decided)
			}
			var whole *WholeError
			if errors.As(err, &whole) {
				return // it says so
			}
			if err != nil || len(r.Conflicts) > 0 {
				t.Fatalf("%v, %d conflicts after all are decided", err, len(r.Conflicts))
			}
			b, o, th, got := leavesOf(t, w.format, texts[0]), leavesOf(t, w.format, texts[1]), leavesOf(t, w.format, texts[2]), leavesOf(t, w.format, string(r.Text))
			all := maps.Clone(b)
			maps.Copy(all, o)
			maps.Copy(all, th)
			for key := range all {
				_, inBase := b[key]
				x, inOurs := o[key]
				y, inTheirs := th[key]
				z, inGot := got[key]
				isDecided := slices.ContainsFunc(slices.Collect(maps.Keys(decided)), func(d string) bool {
					name := strings.ReplaceAll(key, "\x00", ".")
					return name == d || strings.HasPrefix(name, d+".")
				})
				switch {
				case all[key].Equal(emptyMapping): // goes where the mapping gets a key
				case inOurs && inTheirs && !inGot, !inBase && !inGot && !isDecided:
					t.Fatalf("%q is lost\nbase\n%s\nours\n%s\ntheirs\n%s\nmerged\n%s", key, texts[0], texts[1], texts[2], r.Text)
				case inGot && !(inOurs && z.Equal(x)) && !(inTheirs && z.Equal(y)):
					t.Fatalf("%q has a value of neither side", key)
				}
			}
		}))
	}
}

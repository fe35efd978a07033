package recipients

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/flask-vault/flask-vault/keysource"
)

const (
	// MaxSize is the most bytes that a list, or what is wrapped for it, may have:
	// some thousand members.
	MaxSize = 1 << 20

	sealLabel = "flask-vault recipients v1\n"
	sealWord  = "seal "
	maxName   = 64
)

const head = `# Who can open the master key. Change this list with "flask-vault team" alone:
# the last line is a seal, and a list that does not fit its seal is not obeyed.

`

// Member is one line of a list: a person or a machine, and its public key.
type Member struct {
	Name      string
	Recipient string // as [ParseRecipient] returns it
}

// List is who can open a key. The zero List has nobody and no seal.
type List struct {
	Members []Member
	seals   []string // in hexadecimal digits
}

// Error says what is wrong with a list or with a word of one.
type Error struct {
	Line int // from 1, 0 where it is not about a line
	Msg  string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Msg
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
}

// Parse reads a list. Comments that are neither a name nor a seal are dropped.
// Its error is an *[Error].
func Parse(text []byte) (List, error) {
	var l List
	if len(text) > MaxSize {
		return l, &Error{Msg: fmt.Sprintf("it has more than %d bytes", MaxSize)}
	}
	known := newMembers()
	name, n := "", 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		comment, isComment := strings.CutPrefix(line, "#")
		comment = strings.TrimSpace(comment)
		switch {
		case line == "":
			name = ""
		case isComment && strings.HasPrefix(comment, sealWord):
			l.seals = append(l.seals, strings.TrimPrefix(comment, sealWord))
		case isComment:
			name = comment
		default:
			recipient, err := ParseRecipient(line)
			m := Member{name, recipient}
			if err == nil {
				err = known.add(m)
			}
			if err != nil {
				return List{}, &Error{Line: n, Msg: err.Error()}
			}
			l.Members = append(l.Members, m)
			name = ""
		}
	}
	return l, nil
}

// With is the list with one more member at its end. It keeps its seals, which do
// not fit any more. Its error is an *[Error].
func (l List) With(m Member) (List, error) {
	known := newMembers()
	for _, there := range l.Members {
		known.put(there)
	}
	if err := known.add(m); err != nil {
		return l, err
	}
	l.Members = append(slices.Clone(l.Members), m)
	return l, nil
}

// members are the members of a list as they are looked for.
type members struct {
	names      map[string]bool
	recipients map[string]string // to the member's name
}

func newMembers() members {
	return members{names: map[string]bool{}, recipients: map[string]string{}}
}

func (k members) put(m Member) {
	k.names[m.Name] = true
	k.recipients[m.Recipient] = m.Name
}

// add takes one more, or says why it cannot be in one list with the others.
func (k members) add(m Member) error {
	if err := CheckName(m.Name); err != nil {
		return err
	}
	if k.names[m.Name] {
		return &Error{Msg: fmt.Sprintf("%s is in the list already", m.Name)}
	}
	if name, there := k.recipients[m.Recipient]; there {
		return &Error{Msg: fmt.Sprintf("%s has the very recipient of %s", m.Name, name)}
	}
	k.put(m)
	if _, phrase := k.recipients[Passphrase]; phrase && len(k.names) > 1 {
		return &Error{Msg: "a passphrase can only stand alone: age mixes it with nothing else"}
	}
	return nil
}

// Without is the list without the member of that name, and whether it was there.
func (l List) Without(name string) (List, bool) {
	at := l.index(name)
	if at < 0 {
		return l, false
	}
	l.Members = slices.Delete(slices.Clone(l.Members), at, at+1)
	return l, true
}

// Find is the member of that name, and whether there is one.
func (l List) Find(name string) (Member, bool) {
	if at := l.index(name); at >= 0 {
		return l.Members[at], true
	}
	return Member{}, false
}

func (l List) index(name string) int {
	return slices.IndexFunc(l.Members, func(m Member) bool { return m.Name == name })
}

// CheckName returns an *[Error] unless a member may be called so: letters,
// digits and any of . _ @ + -, at most 64 bytes, a letter or digit first.
func CheckName(name string) error {
	if name == "" {
		return &Error{Msg: "a recipient has no name: the line above it has to be # and a name"}
	}
	for i, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (i == 0 || !strings.ContainsRune("._@+-", r)) {
			return &Error{Msg: fmt.Sprintf("%.80q is not a name of letters, digits and any of . _ @ + -", name)}
		}
	}
	if len(name) > maxName {
		return &Error{Msg: fmt.Sprintf("the name %.80q has more than %d bytes", name, maxName)}
	}
	return nil
}

// Seal is the list sealed with the keys, and with nothing else. A list has two
// seals only while one key takes the place of another.
func (l List) Seal(keys ...keysource.Key) List {
	l.seals = nil
	for _, k := range keys {
		if s := hex.EncodeToString(l.mac(k)); !k.IsZero() && !slices.Contains(l.seals, s) {
			l.seals = append(l.seals, s)
		}
	}
	return l
}

// Sealed reports whether a seal of the list is of that key and fits its members.
func (l List) Sealed(k keysource.Key) bool {
	if k.IsZero() {
		return false
	}
	want := l.mac(k)
	return slices.ContainsFunc(l.seals, func(s string) bool {
		got, err := hex.DecodeString(s)
		return err == nil && hmac.Equal(got, want)
	})
}

func (l List) mac(k keysource.Key) []byte {
	raw := k.Bytes()
	defer clear(raw)
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(sealLabel))
	for _, m := range l.Members { // neither part has a newline
		fmt.Fprintf(mac, "%s\n%s\n", m.Name, m.Recipient)
	}
	return mac.Sum(nil)
}

// Text is the list as its file holds it; [Parse] reads it.
func (l List) Text() []byte {
	var b bytes.Buffer
	b.WriteString(head)
	for _, m := range l.Members {
		fmt.Fprintf(&b, "# %s\n%s\n", m.Name, m.Recipient)
	}
	b.WriteByte('\n')
	for _, s := range l.seals {
		fmt.Fprintf(&b, "# %s%s\n", sealWord, s)
	}
	return b.Bytes()
}

package agefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest"
	"github.com/flask-vault/flask-vault/keysource/recipients"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

// person is somebody with an age identity in a file.
type person struct{ file, recipient string }

func newPerson(t testing.TB) person {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	p := person{filepath.Join(t.TempDir(), "identity"), id.Recipient().String()}
	if err := os.WriteFile(p.file, []byte("# created: today\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// become makes a person the user, who has no other keys.
func (p person) become(t testing.TB) {
	t.Setenv(variable, p.file)
	t.Setenv("HOME", t.(*testing.T).TempDir())
	t.Setenv("USER", "ann")
}

func newSource(t testing.TB, dir string) source {
	t.Helper()
	s, err := New(keysource.Settings{wrapped.Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s.(source)
}

// team writes a list that is sealed with the keys.
func team(t testing.TB, dir string, members []recipients.Member, keys ...keysource.Key) {
	t.Helper()
	var (
		l   recipients.List
		err error
	)
	for _, m := range members {
		if l, err = l.With(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, defaultRecipients), l.Seal(keys...).Text(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	me := newPerson(t)
	me.become(t)
	dir := t.TempDir()
	keysourcetest.Run(t, keysourcetest.Harness{
		New: New, Settings: keysource.Settings{wrapped.Directory: dir},
		Put: func(text []byte) error {
			r, err := age.ParseX25519Recipient(me.recipient)
			if err != nil {
				return err
			}
			blob, err := encrypt(text, r)
			if err != nil {
				return err
			}
			// Whatever was there before is another key's.
			if err := os.RemoveAll(filepath.Join(dir, defaultRecipients)); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, defaultFile), blob, 0o644)
		},
		Clear: func() error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, defaultFile)), os.RemoveAll(filepath.Join(dir, defaultRecipients)))
		},
	})
}

func ExampleNew() {
	src, err := New(keysource.Settings{"vault_directory": os.TempDir(), "file": "production.key.age"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Name())
	// Output: age production.key.age
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	for _, s := range []keysource.Settings{
		{"fiel": "x", wrapped.Directory: dir},
		{wrapped.Directory: dir, "file": "../x"},
		{wrapped.Directory: dir, "recipients": "/x"},
		{wrapped.Directory: dir, "recipients": defaultFile},
		{},
	} {
		if _, err := New(s); err == nil {
			t.Errorf("%v was taken", s)
		}
	}
}

// A key that is saved first is wrapped for the user, who is then the list.
func TestTheFirstMember(t *testing.T) {
	me := newPerson(t)
	me.become(t)
	dir := t.TempDir()
	k := keysource.NewKey()
	src := newSource(t, dir)
	if err := src.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, defaultRecipients))
	if err != nil {
		t.Fatal(err)
	}
	l, err := recipients.Parse(text)
	if m, ok := l.Find("ann"); err != nil || !ok || m.Recipient != me.recipient || !l.Sealed(k) {
		t.Errorf("%v\n%s", err, text)
	}
}

// A new key is wrapped for the same members, and the list gets its seal.
func TestANewKeyForTheSameMembers(t *testing.T) {
	ann, bob := newPerson(t), newPerson(t)
	dir := t.TempDir()
	old, next := keysource.NewKey(), keysource.NewKey()
	src := newSource(t, dir)
	ann.become(t)
	team(t, dir, []recipients.Member{{Name: "ann", Recipient: ann.recipient}, {Name: "bob", Recipient: bob.recipient}}, old)
	for _, k := range []keysource.Key{old, next} {
		if err := src.Save(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		for _, p := range []person{bob, ann} {
			p.become(t)
			if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
				t.Errorf("got %v, %v", got, err)
			}
		}
	}
	text, _ := os.ReadFile(filepath.Join(dir, defaultRecipients))
	if l, err := recipients.Parse(text); err != nil || !l.Sealed(next) || l.Sealed(old) || bytes.Count(text, []byte("# seal")) != 1 {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAStranger(t *testing.T) {
	ann, mallory := newPerson(t), newPerson(t)
	dir := t.TempDir()
	src := newSource(t, dir)
	ann.become(t)
	if err := src.Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	mallory.become(t)
	if _, err := src.Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), "team add") {
		t.Errorf("got %v", err)
	}
	// With no key at all the next source may be asked.
	t.Setenv(variable, "")
	if _, err := src.Load(t.Context()); !errors.Is(err, keysource.ErrNoKey) || !strings.Contains(err.Error(), "~/.ssh/id_ed25519") {
		t.Errorf("got %v", err)
	}
}

// Whoever cannot open the key can write into the list what they like: nothing is
// ever wrapped for it.
func TestALineOfSomebodyWithoutTheKey(t *testing.T) {
	ann, mallory := newPerson(t), newPerson(t)
	k := keysource.NewKey()
	line := func(text []byte) []byte {
		return bytes.Replace(text, []byte("# ann\n"), []byte("# mallory\n"+mallory.recipient+"\n# ann\n"), 1)
	}
	both := []recipients.Member{{Name: "mallory", Recipient: mallory.recipient}, {Name: "ann", Recipient: ann.recipient}}
	for name, attack := range map[string]func(t *testing.T, dir string){
		"a line more": func(t *testing.T, dir string) {
			path := filepath.Join(dir, defaultRecipients)
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, line(text), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"no seal":           func(t *testing.T, dir string) { team(t, dir, both) },
		"the seal of a key": func(t *testing.T, dir string) { team(t, dir, both, keysource.NewKey()) },
		"no list":           func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, defaultRecipients)) },
		"a list and no key": func(t *testing.T, dir string) { team(t, dir, both); _ = os.Remove(filepath.Join(dir, defaultFile)) },
		"an empty list":     func(t *testing.T, dir string) { team(t, dir, nil) },
		"a list that is none": func(t *testing.T, dir string) {
			_ = os.WriteFile(filepath.Join(dir, defaultRecipients), []byte("hello"), 0o644)
		},
		"a key of their own":   func(t *testing.T, dir string) { theirs(t, dir, both, ann, mallory) },
		"a link out of it all": func(t *testing.T, dir string) { link(t, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			src := newSource(t, dir)
			ann.become(t)
			if err := src.Save(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			attack(t, dir)
			before, _ := os.ReadFile(filepath.Join(dir, defaultFile))
			next := keysource.NewKey()
			err := src.Save(t.Context(), next)
			if name == "a key of their own" {
				// They made a list and a key that fit each other. What they cannot do
				// is have our key in it: the id that flask-vault.yaml records differs.
				if got, _ := src.Load(t.Context()); got.Equal(k) {
					t.Error("it has the key")
				}
				return
			}
			after, _ := os.ReadFile(filepath.Join(dir, defaultFile))
			if err == nil || !bytes.Equal(before, after) {
				t.Errorf("it was wrapped: %v", err)
			}
			mallory.become(t)
			if got, err := src.Load(t.Context()); err == nil {
				t.Errorf("mallory has the key %v", got)
			}
		})
	}
}

// theirs puts a whole team of somebody else in the place.
func theirs(t *testing.T, dir string, members []recipients.Member, ann, mallory person) {
	t.Helper()
	mallory.become(t)
	k := keysource.NewKey()
	team(t, dir, members, k)
	if err := newSource(t, dir).Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	ann.become(t)
}

func link(t *testing.T, dir string) {
	path := filepath.Join(dir, defaultFile)
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Rename(path, target); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Skip("NOT TESTED: this system makes no symbolic links")
	}
}

// A save that dies after any of its steps leaves a list that the next one takes.
func TestInterruptedSaves(t *testing.T) {
	ann := newPerson(t)
	ann.become(t)
	members := []recipients.Member{{Name: "ann", Recipient: ann.recipient}}
	old, next := keysource.NewKey(), keysource.NewKey()
	for _, wrappedNow := range []keysource.Key{old, next} {
		for _, then := range []keysource.Key{old, next, keysource.NewKey()} {
			dir := t.TempDir()
			src := newSource(t, dir)
			team(t, dir, members, wrappedNow)
			if err := src.Save(t.Context(), wrappedNow); err != nil {
				t.Fatal(err)
			}
			team(t, dir, members, old, next)
			if err := src.Save(t.Context(), then); err != nil {
				t.Error(err)
			}
			if got, err := src.Load(t.Context()); err != nil || !got.Equal(then) {
				t.Errorf("got %v, %v", got, err)
			}
		}
	}
}

// Nobody wraps a key that they could not open again.
func TestNotForOthersAlone(t *testing.T) {
	ann, bob := newPerson(t), newPerson(t)
	ann.become(t)
	dir := t.TempDir()
	k := keysource.NewKey()
	team(t, dir, []recipients.Member{{Name: "bob", Recipient: bob.recipient}}, k)
	if err := newSource(t, dir).Save(t.Context(), k); code(err) != plugins.Denied || !strings.Contains(err.Error(), "not in the list yourself") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, defaultFile)); err == nil {
		t.Error("it is wrapped")
	}
}

func TestAnUnsoundRecipient(t *testing.T) {
	ann := newPerson(t)
	ann.become(t)
	dir := t.TempDir()
	k := keysource.NewKey()
	last := "q"
	if strings.HasSuffix(ann.recipient, "q") {
		last = "p"
	}
	mistyped := ann.recipient[:len(ann.recipient)-1] + last
	team(t, dir, []recipients.Member{{Name: "ann", Recipient: ann.recipient}, {Name: "bob", Recipient: mistyped}}, k)
	if err := newSource(t, dir).Save(t.Context(), k); err == nil || !strings.Contains(err.Error(), "the recipient of bob") {
		t.Errorf("got %v", err)
	}
}

// answering is a context in which a person gives these answers.
func answering(t *testing.T, answers ...string) context.Context {
	return plugins.WithPrompter(t.Context(), func(_ context.Context, text string, secret bool) (string, error) {
		if len(answers) == 0 || !secret {
			t.Errorf("an unexpected question: %s", text)
			return "", errors.New("no answer")
		}
		a := answers[0]
		answers = answers[1:]
		return a, nil
	})
}

func TestPassphrase(t *testing.T) {
	newPerson(t).become(t)
	dir := t.TempDir()
	src := newSource(t, dir)
	k, next := keysource.NewKey(), keysource.NewKey()
	team(t, dir, []recipients.Member{{Name: "safe", Recipient: "passphrase"}}, k)
	for name, answers := range map[string][]string{"short": {"short"}, "differ": {"correct horse battery", "correct horse"}} {
		if err := src.Save(answering(t, answers...), k); code(err) != plugins.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := src.Save(answering(t, "correct horse battery", "correct horse battery"), k); err != nil {
		t.Fatal(err)
	}
	if err := src.Save(answering(t, "correct horse battery"), next); err != nil { // as rekey does
		t.Fatal(err)
	}
	if got, err := src.Load(answering(t, "correct horse battery")); err != nil || !got.Equal(next) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := src.Load(answering(t, "wrong horse")); code(err) != plugins.Denied || strings.Contains(err.Error(), "wrong horse") {
		t.Errorf("got %v", err)
	}
	if _, err := src.Load(t.Context()); code(err) != plugins.NeedsInput {
		t.Errorf("got %v", err)
	}
}

func code(err error) plugins.Code {
	var e *external.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestIdentityFiles(t *testing.T) {
	dir := t.TempDir()
	ann := newPerson(t)
	ann.become(t)
	if err := newSource(t, dir).Save(t.Context(), keysource.NewKey()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"hello":                            "neither an SSH key nor a file of age-keygen",
		"AGE-SECRET-KEY-1HELLO":            "neither an SSH key nor a file of age-keygen",
		"AGE-PLUGIN-YUBIKEY-1HELLO":        "an age plugin, which is not supported",
		"AGE-SECRET-KEY-PQ-1HELLO":         "a post-quantum identity",
		"-----BEGIN AGE ENCRYPTED FILE---": "is encrypted itself",
		"-----BEGIN EC PRIVATE KEY-----\n": "not an SSH key of a type that age takes",
	} {
		path := filepath.Join(t.TempDir(), "id")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable, path)
		if _, err := newSource(t, dir).Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "HELLO") {
			t.Errorf("%q gives %v", text, err)
		}
	}
	t.Setenv(variable, filepath.Join(dir, "none"))
	if _, err := newSource(t, dir).Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), variable) {
		t.Errorf("got %v", err)
	}
	t.Setenv(variable, "identity") // a plugin runs in another directory than its user
	if _, err := newSource(t, dir).Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), "absolute") {
		t.Errorf("got %v", err)
	}
	// The usual places, of which one is open to others.
	home := t.TempDir()
	t.Setenv(variable, "")
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	text, err := os.ReadFile(ann.file)
	if err != nil {
		t.Fatal(err)
	}
	usual := filepath.Join(home, ".config", "age", "identities.txt")
	if err := errors.Join(os.MkdirAll(filepath.Dir(usual), 0o700), os.WriteFile(usual, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := newSource(t, dir).Load(t.Context()); err != nil {
		t.Error(err)
	}
	// A key beside it that is of no use does not matter, unless nothing else opens.
	rsa := filepath.Join(home, ".ssh", "id_rsa")
	if err := errors.Join(os.MkdirAll(filepath.Dir(rsa), 0o700), os.WriteFile(rsa, []byte("-----BEGIN EC PRIVATE KEY-----\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := newSource(t, dir).Load(t.Context()); err != nil {
		t.Error(err)
	}
	if err := newSource(t, dir).Save(t.Context(), keysource.NewKey()); err != nil {
		t.Error(err)
	}
	if err := os.Rename(usual, usual+".gone"); err != nil {
		t.Fatal(err)
	}
	k := keysource.NewKey()
	for _, err := range []error{
		func() error { _, err := newSource(t, dir).Load(t.Context()); return err }(),
		newSource(t, t.TempDir()).Save(t.Context(), k),
		func() error {
			other := t.TempDir()
			team(t, other, []recipients.Member{{Name: "ann", Recipient: ann.recipient}}, k)
			return newSource(t, other).Save(t.Context(), k)
		}(),
	} {
		if code(err) != plugins.Denied || !strings.Contains(err.Error(), "~/.ssh/id_rsa is not an SSH key of a type that age takes") {
			t.Errorf("got %v", err)
		}
	}
	if err := errors.Join(os.Rename(usual+".gone", usual), os.Remove(rsa)); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return // it has no such modes
	}
	if err := os.Chmod(usual, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := newSource(t, dir).Load(t.Context()); code(err) != plugins.Denied || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ring := &keyring{ctx: t.Context(), file: "x"}
		ring.passphrase = &passphrase{ring: ring}
		if _, err := ring.open(text); err == nil {
			t.Error("it opened")
		}
	})
}

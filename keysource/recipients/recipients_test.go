package recipients_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/recipients"
)

const (
	ann = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	bob = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
)

func key(t testing.TB) keysource.Key {
	k, err := keysource.KeyFromBytes([]byte("sixteen bytes ok"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ExampleList_Seal() {
	k := keysource.NewKey()
	list, err := recipients.List{}.With(recipients.Member{Name: "ann", Recipient: ann})
	if err != nil {
		fmt.Println(err)
		return
	}
	list = list.Seal(k)
	fmt.Println("as it was sealed:", list.Sealed(k))
	list, err = list.With(recipients.Member{Name: "mallory", Recipient: bob})
	fmt.Println("with one more:", list.Sealed(k), err)
	// Output:
	// as it was sealed: true
	// with one more: false <nil>
}

func TestTextAndBack(t *testing.T) {
	var l recipients.List
	for _, m := range []recipients.Member{{Name: "ann", Recipient: ann}, {Name: "bob@büro", Recipient: bob}} {
		var err error
		if l, err = l.With(m); err != nil {
			t.Fatal(err)
		}
	}
	l = l.Seal(key(t), keysource.NewKey())
	text := string(l.Text())
	for _, form := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.Replace(text, ann, ann+" ann@laptop", 1)} {
		back, err := recipients.Parse([]byte(form))
		if err != nil || !back.Sealed(key(t)) || string(back.Text()) != text {
			t.Errorf("%v from\n%s", err, form)
		}
	}
	if l.Sealed(keysource.NewKey()) || l.Sealed(keysource.Key{}) || (recipients.List{}).Sealed(key(t)) {
		t.Error("it is sealed with a key that it never saw")
	}
}

// The longest list that Parse takes is read in a moment: whoever can commit a file
// must not be able to keep the others waiting.
func TestTheLongestList(t *testing.T) {
	const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	var text strings.Builder
	n := 0
	for ; text.Len() < recipients.MaxSize-100; n++ {
		recipient := []byte("age1" + strings.Repeat("q", 58))
		for i, rest := 4, n; rest > 0; i, rest = i+1, rest/32 {
			recipient[i] = letters[rest%32]
		}
		fmt.Fprintf(&text, "# m%d\n%s\n", n, recipient)
	}
	start := time.Now()
	l, err := recipients.Parse([]byte(text.String()))
	if err != nil || len(l.Members) != n {
		t.Fatalf("%d of %d members, %v", len(l.Members), n, err)
	}
	if took := time.Since(start); took > 2*time.Second { // in time that grows with the square it took 14 s
		t.Errorf("%d members took %v", n, took)
	}
}

// Whatever somebody without the key changes, the seal fits no more.
func TestChangesBreakTheSeal(t *testing.T) {
	l, _ := recipients.List{}.With(recipients.Member{Name: "ann", Recipient: ann})
	l, _ = l.With(recipients.Member{Name: "bob", Recipient: bob})
	text := string(l.Seal(key(t)).Text())
	for name, form := range map[string]string{
		"a name":      strings.Replace(text, "# ann", "# anna", 1),
		"a recipient": strings.Replace(text, "GKJl", "GKJm", 1),
		"one less":    strings.Replace(text, "# bob\n"+bob+"\n", "", 1),
		"the order":   strings.NewReplacer("# ann\n"+ann, "# bob\n"+bob, "# bob\n"+bob, "# ann\n"+ann).Replace(text),
		"no seal":     text[:strings.Index(text, "# seal")],
	} {
		changed, err := recipients.Parse([]byte(form))
		if err != nil || form == text || changed.Sealed(key(t)) {
			t.Errorf("%s: %v, sealed %v", name, err, changed.Sealed(key(t)))
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		ann:                                       "line 1: a recipient has no name",
		"# ann\n\n" + ann:                         "line 3: a recipient has no name",
		"# ann\nssh-ed25519 AAAA":                 "line 2: that is not a whole SSH public key",
		"# ann\n" + strings.ToUpper(bob):          "line 2: that is no recipient",
		"# ann\nage1abc":                          "62 characters",
		"# ann\nssh-dss AAAA":                     "ssh-ed25519 and ssh-rsa alone",
		"# ann\nrecipient":                        "line 2: that is no recipient",
		"# -ann\n" + ann:                          "is not a name",
		"# a\u202enn\n" + ann:                     "is not a name",
		"# ann\n" + ann + "\n# ann\n" + bob:       "ann is in the list already",
		"# ann\n" + ann + "\n# bob\n" + ann:       "bob has the very recipient of ann",
		"# a\npassphrase\n# ann\n" + ann:          "a passphrase can only stand alone",
		"# ann\n" + ann + "\n# b\npassphrase":     "a passphrase can only stand alone",
		strings.Repeat("#", recipients.MaxSize+1): "more than",
	} {
		_, err := recipients.Parse([]byte(text))
		var typed *recipients.Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q gives %v", text, err)
		}
	}
}

func TestAPrivateKeyIsNotQuoted(t *testing.T) {
	for _, text := range []string{"AGE-SECRET-KEY-1QQPQYRZP", "age-secret-key-1qqpqyrzp", "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1r"} {
		_, err := recipients.ParseRecipient(text)
		if err == nil || !strings.Contains(err.Error(), "private key") || strings.Contains(err.Error(), "QQPQ") || strings.Contains(err.Error(), "b3Bl") {
			t.Errorf("got %v", err)
		}
	}
}

func TestShort(t *testing.T) {
	for r, want := range map[string]string{bob: bob, "passphrase": "passphrase", ann: "ssh-ed25519 SHA256:"} {
		if got := recipients.Short(r); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", r, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# ann\n" + ann + "\n# seal 00"))
	f.Add([]byte("# b\npassphrase\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := recipients.Parse(text)
		if err != nil {
			return
		}
		back, err := recipients.Parse(l.Text())
		if err != nil || fmt.Sprint(back) != fmt.Sprint(l) {
			t.Errorf("%v\n%v\n%v", err, l, back)
		}
	})
}

func FuzzDiffer(f *testing.F) {
	f.Add([]byte("age-encryption.org/v1\n-> X25519 abc\nbody\n--- mac\n"))
	l, _ := recipients.List{}.With(recipients.Member{Name: "ann", Recipient: ann})
	f.Fuzz(func(_ *testing.T, file []byte) { _, _ = l.Differ(file) })
}

func TestDifferOfWhatIsNoAgeFile(t *testing.T) {
	for _, file := range []string{"", "hello", "age-encryption.org/v1\n-> X25519 a\n", "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA"} {
		if _, err := (recipients.List{}).Differ([]byte(file)); err == nil {
			t.Errorf("%q was taken", file)
		}
	}
}

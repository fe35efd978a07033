package agefile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/recipients"
	"github.com/flask-vault/flask-vault/plugins"
)

// need skips a test where a program is missing, and fails it where
// FLASK_VAULT_INTEROP=1 says that nothing may be missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
				t.Fatalf("%s is not installed (Debian: apt-get install age openssh-client)", p)
			}
			t.Skipf("NOT TESTED: %s is not installed (Debian: apt-get install age openssh-client)", p)
		}
	}
}

func run(t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, &problems)
	}
	return out.String()
}

// sshKey has ssh-keygen make a key, and returns its path.
func sshKey(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "id")
	run(t, "", "ssh-keygen", append([]string{"-q", "-C", "ann@laptop", "-f", path}, args...)...)
	return path
}

func public(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	r, err := recipients.ParseRecipient(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAgeCommand wraps one key for all kinds of members. Every member opens it,
// with this plugin and with the age command, and opens what age wraps for the
// same list.
func TestAgeCommand(t *testing.T) {
	need(t, "age", "age-keygen", "ssh-keygen")
	identity := filepath.Join(t.TempDir(), "identity")
	run(t, "", "age-keygen", "-o", identity)
	ed25519, rsa := sshKey(t, "-t", "ed25519", "-N", ""), sshKey(t, "-t", "rsa", "-b", "3072", "-N", "")
	oldRSA := sshKey(t, "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "")
	dir := t.TempDir()
	k := keysource.NewKey()
	team(t, dir, []recipients.Member{
		{Name: "ann", Recipient: strings.TrimSpace(run(t, "", "age-keygen", "-y", identity))},
		{Name: "bob", Recipient: public(t, ed25519)},
		{Name: "carol", Recipient: public(t, rsa)},
		{Name: "dave", Recipient: public(t, oldRSA)},
	}, k)
	t.Setenv("HOME", t.TempDir())
	t.Setenv(variable, identity)
	src := newSource(t, dir)
	if err := src.Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	file, list := filepath.Join(dir, defaultFile), filepath.Join(dir, defaultRecipients)
	differ(t, file, list)
	open := func(wrappedBy string) {
		for _, id := range []string{identity, ed25519, rsa, oldRSA} {
			t.Setenv(variable, id)
			if got, err := src.Load(t.Context()); err != nil || !got.Equal(k) {
				t.Errorf("what %s wrapped: %v, %v", wrappedBy, got, err)
			}
			if got := run(t, "", "age", "-d", "-i", id, file); got != k.Text()+"\n" {
				t.Errorf("age does not open what %s wrapped", wrappedBy)
			}
		}
	}
	open("the plugin")
	for _, args := range [][]string{{"-a"}, {}} {
		run(t, k.Text()+"\n", "age", append(args, "-R", list, "-o", file)...)
		differ(t, file, list)
		open("age")
	}
	// What age wrapped, this plugin wraps anew.
	if err := src.Save(t.Context(), k); err != nil {
		t.Error(err)
	}
	other := sshKey(t, "-t", "ed25519", "-N", "")
	t.Setenv(variable, other)
	if _, err := src.Load(t.Context()); code(err) != plugins.Denied {
		t.Errorf("somebody else: %v", err)
	}
}

// differ sees that the list tells of what is wrapped.
func differ(t *testing.T, file, list string) {
	t.Helper()
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	l, err := recipients.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := l.Differ(blob); err != nil || found != nil {
		t.Errorf("the list of all differs: %v, %v", found, err)
	}
	for _, m := range l.Members {
		less, _ := l.Without(m.Name)
		if found, err := less.Differ(blob); err != nil || len(found) != 1 {
			t.Errorf("a list without %s: %v, %v", m.Name, found, err)
		}
		more, err := less.With(recipients.Member{Name: "eve", Recipient: public(t, sshKey(t, "-t", "ed25519", "-N", ""))})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := more.Differ(blob); err != nil || len(found) != 2 {
			t.Errorf("a list with another in the place of %s: %v, %v", m.Name, found, err)
		}
	}
}

// An SSH key with a passphrase is asked for it, once, and only if it is the one.
func TestSSHKeysWithAPassphrase(t *testing.T) {
	need(t, "ssh-keygen")
	for name, args := range map[string][]string{
		"ed25519": {"-t", "ed25519"},
		"rsa":     {"-t", "rsa", "-b", "2048"},
		"PEM":     {"-t", "rsa", "-b", "2048", "-m", "PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			path := sshKey(t, append(args, "-N", "open sesame")...)
			t.Setenv(variable, path)
			t.Setenv("HOME", t.TempDir())
			dir := t.TempDir()
			k := keysource.NewKey()
			src := newSource(t, dir)
			if err := src.Save(answering(t, "open sesame"), k); err != nil {
				t.Fatal(err)
			}
			if got, err := src.Load(answering(t, "open sesame")); err != nil || !got.Equal(k) {
				t.Errorf("got %v, %v", got, err)
			}
			if err := src.Save(answering(t, "open sesame"), keysource.NewKey()); err != nil {
				t.Error(err)
			}
			if _, err := src.Load(answering(t, "open barley")); code(err) != plugins.Denied || strings.Contains(err.Error(), "barley") || !strings.Contains(err.Error(), "is wrong") {
				t.Errorf("a wrong passphrase: %v", err)
			}
			if _, err := src.Load(t.Context()); code(err) != plugins.NeedsInput || !strings.Contains(err.Error(), variable) {
				t.Errorf("nobody there: %v", err)
			}
			// Another key that fits is taken without a question.
			me := newPerson(t)
			team(t, dir, []recipients.Member{{Name: "ann", Recipient: public(t, path)}, {Name: "laptop", Recipient: me.recipient}}, k)
			t.Setenv(variable, path+string(os.PathListSeparator)+me.file)
			if err := src.Save(answering(t), k); err != nil {
				t.Error(err)
			}
			if _, err := src.Load(answering(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatSSHKeygenMakesElse(t *testing.T) {
	need(t, "ssh-keygen")
	path := sshKey(t, "-t", "ecdsa", "-N", "")
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := recipients.ParseRecipient(string(text)); err == nil || !strings.Contains(err.Error(), "age-keygen") {
		t.Errorf("got %v", err)
	}
	t.Setenv(variable, path)
	if _, err := newKeyring(t.Context(), "x"); code(err) != plugins.Denied {
		t.Errorf("got %v", err)
	}
	// The fingerprint of a member is the one that ssh-keygen shows.
	path = sshKey(t, "-t", "ed25519", "-N", "")
	if shown := run(t, "", "ssh-keygen", "-l", "-f", path); !strings.Contains(shown, strings.TrimPrefix(recipients.Short(public(t, path)), "ssh-ed25519 ")) {
		t.Errorf("%s is not in %s", recipients.Short(public(t, path)), shown)
	}
}

package storetrust_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/cmd/internal/storetrust"
)

func TestWhatChangesAsksAnew(t *testing.T) {
	dir := t.TempDir()
	book := storetrust.At(filepath.Join(dir, "stores"))
	ca := filepath.Join(dir, "ca.pem")
	write := func(text string) {
		if err := os.WriteFile(ca, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	l := location.Location{URL: "etcd://h/x", CA: ca, User: "me", PasswordEnv: "A"}
	var untrusted *storetrust.UntrustedError
	if err := book.Check(l); !errors.As(err, &untrusted) || len(untrusted.Changed) != 0 {
		t.Errorf("before: %v", err)
	}
	if err := book.Agree(l); err != nil {
		t.Fatal(err)
	}
	if err := book.Check(l); err != nil {
		t.Errorf("after: %v", err)
	}
	for name, change := range map[string]func(*location.Location){
		"password_env": func(l *location.Location) { l.PasswordEnv = "GITHUB_TOKEN" },
		"endpoint":     func(l *location.Location) { l.Endpoint = "https://elsewhere" },
		"user":         func(l *location.Location) { l.User = "" },
		"profile":      func(l *location.Location) { l.Profile = "work" },
	} {
		other := l
		change(&other)
		if err := book.Check(other); !errors.As(err, &untrusted) || !slices.Equal(untrusted.Changed, []string{name}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := l
	other.URL = "etcd://elsewhere/x"
	if err := book.Check(other); !errors.As(err, &untrusted) {
		t.Errorf("another URL: %v", err)
	}
	write("two")
	if err := book.Check(l); !errors.As(err, &untrusted) || !slices.Equal(untrusted.Changed, []string{"ca_sha256"}) {
		t.Errorf("another authority: %v", err)
	}
	if there, err := book.Remove(l.URL); !there || err != nil {
		t.Errorf("removed: %v, %v", there, err)
	}
	if there, err := book.Remove(l.URL); there || err != nil {
		t.Errorf("removed again: %v, %v", there, err)
	}
}

func TestARecordOfOthersDoesNotCount(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows has no permission bits")
	}
	book := storetrust.At(filepath.Join(t.TempDir(), "stores"))
	l := location.Location{URL: "https://h/x"}
	if err := book.Agree(l); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(book.Dir(), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := book.Check(l); err == nil {
		t.Error("a directory that others can write is believed")
	}
}

func TestThePluginsMayMove(t *testing.T) {
	data := t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	t.Setenv("LocalAppData", data)
	t.Setenv("FLASK_VAULT_PLUGIN_DIR", filepath.Join(t.TempDir(), "plugins"))
	book, err := storetrust.Default()
	if err != nil || book.Dir() != filepath.Join(data, "flask-vault", "stores") {
		t.Errorf("%s, %v", book.Dir(), err)
	}
}

func Example() {
	dir, _ := os.MkdirTemp("", "stores")
	defer os.RemoveAll(dir)
	book := storetrust.At(filepath.Join(dir, "stores"))
	l := location.Location{URL: "https://shop.example/credentials.yml.enc"}
	fmt.Println(book.Check(l))
	_ = book.Agree(l)
	fmt.Println(book.Check(l))
	records, _ := book.List()
	fmt.Println(len(records), records[0].URL)
	// Output:
	// nothing is sent there before you have agreed to it once
	// <nil>
	// 1 https://shop.example/credentials.yml.enc
}

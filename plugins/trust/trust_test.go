package trust_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/plugins/trust"
)

var shop = trust.Description{Name: "shop", Version: "1.0.0", Operations: []string{"load"}}

func newStore(t *testing.T) *trust.Store {
	t.Helper()
	s, err := trust.At(filepath.Join(t.TempDir(), "data", "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func executable(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func install(t *testing.T, s *trust.Store, name, text string) trust.Record {
	t.Helper()
	st, err := s.Stage(executable(t, text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := st.Commit(name, shop)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func kind(err error) trust.Kind {
	var e *trust.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return trust.Kind(fmt.Sprint(err))
}

func TestLifeOfAPlugin(t *testing.T) {
	s := newStore(t)
	if l, err := s.List(); err != nil || len(l) != 0 {
		t.Errorf("a store that is not there lists %v, %v", l, err)
	}
	install(t, s, "shop", "one")
	second := install(t, s, "shop", "two") // an upgrade
	install(t, s, "other", "three")
	l, err := s.List()
	if err != nil || len(l) != 2 || l[0].Name != "other" || l[1].SHA256 != second.SHA256 {
		t.Errorf("list gave %v, %v", l, err)
	}
	if r, err := s.Verify("shop"); err != nil || r.File != second.File {
		t.Errorf("verify gave %v, %v", r, err)
	}
	files, _ := filepath.Glob(filepath.Join(s.Dir(), "*.*"))
	if len(files) != 4 {
		t.Errorf("the directory has %v", files)
	}
	if info, _ := os.Stat(s.Dir()); runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has the mode %v", info.Mode())
	}
	for _, name := range []string{"shop", "other"} {
		if err := s.Remove(name); err != nil {
			t.Error(err)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(s.Dir(), "*.*")); len(files) != 0 {
		t.Errorf("the directory still has %v", files)
	}
	if err := s.Remove("shop"); kind(err) != trust.Unknown {
		t.Errorf("a second remove gave %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"a": true, "0": true, "a-b-9": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "A": false, "a.b": false, "../x": false, "a/b": false, `a\b`: false, "a b": false,
		"a\n": false, "ä": false, ".": false, "a\x00": false, strings.Repeat("a", 64): false,
	} {
		if err := trust.CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	s := newStore(t)
	install(t, s, "shop", "")
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.Dir()), "evil.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../evil", "..", "shop.json", "shop/../shop"} {
		_, get := s.Get(name)
		_, _, program := s.Program(name)
		_, verify := s.Verify(name)
		for _, err := range []error{get, program, verify, s.Remove(name)} {
			if kind(err) != trust.BadName {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

// Whatever somebody does to the directory, the plugin is not run.
func TestTampering(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows has access lists instead of modes")
	}
	record := func(s *trust.Store) string { return filepath.Join(s.Dir(), "shop.json") }
	edit := func(s *trust.Store, old, new string) error {
		text, err := os.ReadFile(record(s))
		if err != nil || !strings.Contains(string(text), old) {
			return fmt.Errorf("no %q in the record: %w", old, err)
		}
		return os.WriteFile(record(s), []byte(strings.Replace(string(text), old, new, 1)), 0o600)
	}
	tests := map[string]struct {
		do   func(*trust.Store, trust.Record) error
		want trust.Kind
	}{
		"executable changed": {func(s *trust.Store, r trust.Record) error {
			return os.WriteFile(filepath.Join(s.Dir(), r.File), []byte("#!/bin/sh\nevil"), 0o700)
		}, trust.Changed},
		"executable gone": {func(s *trust.Store, r trust.Record) error {
			return os.Remove(filepath.Join(s.Dir(), r.File))
		}, trust.Unknown},
		"executable is a link": {func(s *trust.Store, r trust.Record) error {
			path := filepath.Join(s.Dir(), r.File)
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(r.File+".real", path))
		}, trust.Damaged},
		"executable can be written by others": {func(s *trust.Store, r trust.Record) error {
			return os.Chmod(filepath.Join(s.Dir(), r.File), 0o777)
		}, trust.Damaged},
		"executable is a pipe": {func(s *trust.Store, r trust.Record) error {
			path := filepath.Join(s.Dir(), r.File)
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		}, trust.Damaged},
		"record names a file outside": {func(s *trust.Store, r trust.Record) error {
			return edit(s, r.File, "../../../../bin/sh")
		}, trust.Damaged},
		"record has another sum": {func(s *trust.Store, r trust.Record) error {
			return edit(s, r.SHA256, strings.Repeat("0", 64))
		}, trust.Damaged},
		"record is not JSON": {func(s *trust.Store, r trust.Record) error { return os.WriteFile(record(s), []byte("{"), 0o600) }, trust.Damaged},
		"record asks for the key": {func(s *trust.Store, r trust.Record) error {
			return edit(s, `"operations"`, `"environment":["FLASK_VAULT_MASTER_KEY"],"operations"`)
		}, trust.Damaged},
		"record is of a later time": {func(s *trust.Store, r trust.Record) error { return edit(s, `"contract": 1`, `"contract": 2`) }, trust.Damaged},
		"record can be written":     {func(s *trust.Store, r trust.Record) error { return os.Chmod(record(s), 0o666) }, trust.Damaged},
		"directory can be written":  {func(s *trust.Store, r trust.Record) error { return os.Chmod(s.Dir(), 0o770) }, trust.UnsafeDir},
		"directory of another user": {func(s *trust.Store, r trust.Record) error { return os.Chown(s.Dir(), 65534, -1) }, trust.UnsafeDir},
		"record of another user":    {func(s *trust.Store, r trust.Record) error { return os.Chown(record(s), 65534, -1) }, trust.Damaged},
		"directory is a link": {func(s *trust.Store, r trust.Record) error {
			return errors.Join(os.Rename(s.Dir(), s.Dir()+"2"), os.Symlink(s.Dir()+"2", s.Dir()))
		}, trust.UnsafeDir},
		"directory is a file": {func(s *trust.Store, r trust.Record) error {
			return errors.Join(os.RemoveAll(s.Dir()), os.WriteFile(s.Dir(), nil, 0o600))
		}, trust.UnsafeDir},
		"directory is gone": {func(s *trust.Store, r trust.Record) error { return os.RemoveAll(s.Dir()) }, trust.Unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "another user") && os.Geteuid() != 0 {
				t.Skip("NOT TESTED: only root can give a file away")
			}
			s := newStore(t)
			r := install(t, s, "shop", "echo")
			if err := tt.do(s, r); err != nil {
				t.Fatal(err)
			}
			_, p, err := s.Program("shop")
			if err == nil {
				p.Close()
			}
			if kind(err) != tt.want {
				t.Errorf("got %v (%v), want %v", kind(err), err, tt.want)
			}
			if _, err := s.Verify("shop"); kind(err) != tt.want {
				t.Errorf("verify gave %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %v", err)
			}
		})
	}
}

func TestWhatCannotBeInstalled(t *testing.T) {
	s := newStore(t)
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{plain, dir, filepath.Join(dir, "none"), os.DevNull} {
		if _, err := s.Stage(path); kind(err) != trust.Refused {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, d := range []trust.Description{
		{}, {Name: "X", Version: "1", Operations: []string{"load"}}, {Name: "x", Version: "1 2", Operations: []string{"load"}},
		{Name: "x", Version: "1"}, {Name: "x", Version: "1", Operations: []string{"load"}, Contract: 2},
		{Name: "x", Version: "1", Operations: []string{"load"}, Protocol: "shell"},
		{Name: "x", Version: "1", Operations: []string{"load"}, Settings: []string{"a\x1b"}},
		{Name: "x", Version: "1", Operations: []string{"load"}, Environment: []string{"flask_vault_master_key"}},
		{Name: "x", Version: "1", Operations: []string{"load"}, Environment: []string{"A=B"}},
	} {
		st, err := s.Stage(executable(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Commit("x", d); kind(err) != trust.Refused {
			t.Errorf("%+v: %v", d, err)
		}
	}
	if files, _ := os.ReadDir(s.Dir()); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}

// Where the system refuses the directory, the error is about that, and not about a
// plugin without a name.
func TestADirectoryThatCannotBe(t *testing.T) {
	file := executable(t, "")
	s, err := trust.At(filepath.Join(file, "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	_, staged := s.Stage(executable(t, ""))
	_, got := s.Get("shop")
	_, listed := s.List()
	for what, err := range map[string]error{"Stage": staged, "Get": got, "List": listed, "Remove": s.Remove("shop")} {
		if kind(err) != trust.UnsafeDir || !strings.HasPrefix(err.Error(), "the directory of plugins "+s.Dir()+" cannot be used (") || !strings.Contains(err.Error(), trust.EnvDir) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Installations at the same time leave one whole plugin, and no reader meets half of one.
// Without the lock this fails: one removes the file that another has put in place again.
func TestInstallationsAtTheSameTime(t *testing.T) {
	s := newStore(t)
	install(t, s, "shop", "zero")
	var wg sync.WaitGroup
	for i := range 8 {
		path := executable(t, fmt.Sprint(i%3)) // some bring what another has just replaced
		wg.Go(func() {
			st, err := s.Stage(path)
			if err == nil {
				_, err = st.Commit("shop", shop)
			}
			if err != nil {
				t.Error(err)
			}
			if _, err := s.Verify("shop"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := s.Verify("shop"); err != nil {
		t.Error(err)
	}
}

func TestDefault(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows has no XDG directories")
	}
	for _, tt := range []struct{ own, xdg, home, want string }{
		{"/p", "/x", "/h", "/p"},
		{"", "/x", "/h", "/x/flask-vault/plugins"},
		{"", "rel", "/h", "/h/.local/share/flask-vault/plugins"},
		{"", "", "/h", "/h/.local/share/flask-vault/plugins"},
		{"rel", "/x", "/h", ""},
		{"", "", "", ""},
	} {
		t.Setenv(trust.EnvDir, tt.own)
		t.Setenv("XDG_DATA_HOME", tt.xdg)
		t.Setenv("HOME", tt.home)
		s, err := trust.Default()
		switch {
		case tt.want == "" && kind(err) != trust.UnsafeDir, tt.want != "" && err != nil:
			t.Errorf("%+v: %v", tt, err)
		case err == nil && s.Dir() != tt.want:
			t.Errorf("%+v: %s", tt, s.Dir())
		}
	}
}

func ExampleStore_Get() {
	s, err := trust.At("/nonexistent")
	if err != nil {
		panic(err)
	}
	_, err = s.Get("shop")
	fmt.Println(err)
	// Output: plugin "shop" is not installed; type: flask-vault plugin install PATH --name shop
}

// TestOnlyLeftoversAreSwept has the store in a directory that holds other things.
func TestOnlyLeftoversAreSwept(t *testing.T) {
	s := newStore(t)
	install(t, s, "shop", "#!/bin/sh\n")
	stay := []string{".git", ".ssh", ".bashrc", ".run-me", ".staging-area", ".record-", "shop.json"}
	gone := []string{".staging-ABCDEFGHIJKLMNOPQRSTUVWXYZ", ".record-234567ABC", ".run-1234567890"}
	old := time.Now().Add(-2 * time.Hour)
	for i, name := range slices.Concat(stay, gone) {
		path := filepath.Join(s.Dir(), name)
		if i%2 == 0 && name != "shop.json" {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			path = filepath.Join(path, "file")
		}
		if name != "shop.json" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(filepath.Join(s.Dir(), name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	install(t, s, "other", "#!/bin/sh\n")
	for _, name := range stay {
		if _, err := os.Lstat(filepath.Join(s.Dir(), name)); err != nil {
			t.Errorf("it is not ours: %v", err)
		}
	}
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(s.Dir(), name)); err == nil {
			t.Errorf("%s stays", name)
		}
	}
}

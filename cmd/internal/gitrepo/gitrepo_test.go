package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
)

// repository makes one with the files, staged.
func repository(t *testing.T, files map[string]string) (*gitrepo.Repo, func(args ...string) string) {
	t.Helper()
	dir := t.TempDir()
	environ := append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = work, environ
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	for name, text := range files {
		path := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "-A")
	r, err := gitrepo.Find(context.Background(), work, environ)
	if err != nil {
		t.Fatal(err)
	}
	return r, git
}

func paths(entries []gitrepo.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Path)
	}
	slices.Sort(out)
	return out
}

// oddNames are what git can track and lists must not take apart.
func oddNames() []string {
	names := []string{"a b", "-x", "sub/é"}
	if runtime.GOOS == "linux" {
		names = append(names, "line\nend", "\xff\xfe", "tab\tquote\"", ":100644 100644 a b M", "\x01x")
	}
	slices.Sort(names)
	return names
}

func TestStaged(t *testing.T) {
	ctx := context.Background()
	files := map[string]string{}
	for _, n := range oddNames() {
		files[n] = "text of " + n
	}
	r, git := repository(t, files)
	// Before the first commit all that is in the index is new.
	staged, err := r.Staged(ctx)
	if got := paths(staged); err != nil || !slices.Equal(got, oddNames()) {
		t.Fatalf("%q, %v", got, err)
	}
	tracked, err := r.Tracked(ctx)
	if got := paths(tracked); err != nil || !slices.Equal(got, oddNames()) {
		t.Fatalf("%q, %v", got, err)
	}
	git("commit", "-q", "-m", "one")
	git("mv", "a b", "c d")
	git("rm", "-q", "sub/é")
	staged, err = r.Staged(ctx)
	if got := paths(staged); err != nil || !slices.Equal(got, []string{"c d"}) {
		t.Fatalf("after a rename and a removal: %q, %v", got, err)
	}
	i := 0
	err = r.Contents(ctx, func(yield func(string) bool) { yield(staged[0].ID) }, func(o gitrepo.Object, content io.Reader) error {
		i++
		text, err := io.ReadAll(content)
		if string(text) != "text of a b" || o.Type != "blob" || o.Size != int64(len(text)) {
			t.Errorf("%+v: %q", o, text)
		}
		return err
	})
	if err != nil || i != 1 {
		t.Fatal(i, err)
	}
}

// TestContents reads a part of some, asks for what there is not, and gives up.
func TestContents(t *testing.T) {
	ctx := context.Background()
	r, _ := repository(t, map[string]string{"large": strings.Repeat("0123456789", 100_000), "empty": ""})
	ids := []string{":large", "no-such", ":empty", ":large"}
	var got []string
	err := r.Contents(ctx, slices.Values(ids), func(o gitrepo.Object, content io.Reader) error {
		head, err := io.ReadAll(io.LimitReader(content, 3))
		got = append(got, fmt.Sprintf("%s %d %s", o.Type, o.Size, head))
		return err
	})
	if want := []string{"blob 1000000 012", "missing 0 ", "blob 0 ", "blob 1000000 012"}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("%q, %v", got, err)
	}
	stop := errors.New("enough")
	many := func(yield func(string) bool) {
		for range 100_000 {
			if !yield(":large") {
				return
			}
		}
	}
	if err := r.Contents(ctx, many, func(gitrepo.Object, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	err = r.Contents(ctx, many, func(gitrepo.Object, io.Reader) error { cancel(); return nil })
	if err == nil {
		t.Fatal("a search that was cancelled is no error")
	}
}

// TestHistory follows a file through commits, a merge and an odd name.
func TestHistory(t *testing.T) {
	ctx := context.Background()
	files := map[string]string{"gone": "a line\n"}
	for _, n := range oddNames() {
		files[n] = "text of " + n
	}
	r, git := repository(t, files)
	git("commit", "-q", "-m", "one")
	first := git("rev-parse", "HEAD")
	git("rm", "-q", "gone")
	git("commit", "-q", "-m", "two")
	git("checkout", "-q", "-b", "side", first)
	git("mv", "gone", "moved")
	git("commit", "-q", "-m", "three")
	third := git("rev-parse", "HEAD")
	var changed []string
	where := map[string]string{}
	err := r.Changes(ctx, nil, func(c gitrepo.Change) bool {
		changed = append(changed, c.Path)
		where[c.Path] = c.Commit
		return true
	})
	slices.Sort(changed)
	want := append([]string{"gone", "moved"}, oddNames()...)
	slices.Sort(want)
	if err != nil || !slices.Equal(changed, want) {
		t.Fatalf("%q, %v", changed, err)
	}
	if where["gone"] != first || where["moved"] != third {
		t.Errorf("%v", where)
	}
	var only []string
	err = r.Changes(ctx, []string{"-x"}, func(c gitrepo.Change) bool { only = append(only, c.Path); return false })
	if err != nil || !slices.Equal(only, []string{"-x"}) {
		t.Errorf("%q, %v", only, err)
	}
	all, failed := r.Reachable(ctx)
	types := map[string]int{}
	err = r.Check(ctx, all, func(o gitrepo.Object) error { types[o.Type]++; return nil })
	if err := errors.Join(err, failed()); err != nil || types["commit"] != 3 || types["blob"] != len(files) {
		t.Errorf("%v, %v", types, err)
	}
}

func TestFind(t *testing.T) {
	ctx := context.Background()
	outside := t.TempDir()
	environ := append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(outside))
	if _, err := gitrepo.Find(ctx, outside, environ); !errors.Is(err, gitrepo.ErrNone) {
		t.Errorf("outside: %v", err)
	}
	r, git := repository(t, map[string]string{"ignored": "x", ".gitignore": "/no\n"})
	if set, err := r.Config(ctx, "a.b"); err != nil || set != nil {
		t.Errorf("%q, %v", set, err)
	}
	git("config", "--add", "a.b", "one\ntwo")
	git("config", "--add", "a.b", "three")
	if set, err := r.Config(ctx, "a.b"); err != nil || !slices.Equal(set, []string{"one\ntwo", "three"}) {
		t.Errorf("%q, %v", set, err)
	}
	if hooks, err := r.Hooks(ctx); err != nil || hooks != filepath.Join(r.Top, ".git", "hooks") {
		t.Errorf("%q, %v", hooks, err)
	}
	git("config", "core.hooksPath", "own")
	if hooks, err := r.Hooks(ctx); err != nil || hooks != filepath.Join(r.Top, "own") {
		t.Errorf("%q, %v", hooks, err)
	}
	ignored, err := r.Ignored(ctx, []string{"no", "ignored", "yes"})
	if err != nil || len(ignored) != 1 || !ignored["no"] {
		t.Errorf("%v, %v", ignored, err)
	}
	var e *gitrepo.Error
	if _, err := r.Output(ctx, "cat-file", "blob", "nothing"); !errors.As(err, &e) || e.Command != "git cat-file" || e.Said == "" {
		t.Errorf("%v", err)
	}
}

func TestWithout(t *testing.T) {
	files := map[string]string{".gitattributes": "*.enc diff=x merge=x\n/b.enc !merge\n/c.enc diff=y\n", "a.enc": "", "b.enc": "", "c.enc": "", "sub/a b.enc": ""}
	r, _ := repository(t, files)
	tracked, err := r.Tracked(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Without(context.Background(), tracked, map[string]string{"diff": "x", "merge": "x"})
	if want := []string{".gitattributes", "b.enc", "c.enc"}; err != nil || !slices.Equal(paths(got), want) {
		t.Errorf("%q, %v", paths(got), err)
	}
	if got, err := r.Without(context.Background(), nil, nil); err != nil || len(got) > 0 {
		t.Errorf("%q, %v", paths(got), err)
	}
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// release is what of .goreleaser.yaml can go wrong without goreleaser noticing, or
// before it is run.
type release struct {
	Before struct{ Hooks []string }
	Builds []build
	Sboms  []struct {
		Artifacts, Cmd  string
		Args, Documents []string
	}
	Archives []struct {
		Files []struct {
			Src  string
			Info struct{ Mtime string }
		}
	}
}

type build struct {
	ID, Main, Binary string
	Env, Flags       []string
	Goos, Goarch     []string
	ModTimestamp     string `yaml:"mod_timestamp"`
}

// TestReleaseHasWhatItNames reads .goreleaser.yaml, since goreleaser itself takes
// longer to build than CI has.
func TestReleaseHasWhatItNames(t *testing.T) {
	const root = "../../.."
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Archives) != 1 {
		t.Fatalf("%d archives", len(r.Archives))
	}
	// Every program of cmd is released: others are looked for beside flask-vault.
	programs, err := filepath.Glob(filepath.Join(root, "cmd", "flask-vault*", "main.go"))
	if err != nil || len(programs) < 3 {
		t.Fatalf("programs %q, %v", programs, err)
	}
	for _, p := range programs {
		name := filepath.Base(filepath.Dir(p))
		if !slices.ContainsFunc(r.Builds, func(b build) bool { return b.ID == name && b.Binary == name && b.Main == "./cmd/"+name }) {
			t.Errorf("%s is not built", name)
		}
	}
	if len(r.Sboms) != 1 || r.Sboms[0].Artifacts != "binary" || r.Sboms[0].Cmd != "go" ||
		!slices.ContainsFunc(r.Sboms[0].Args, func(arg string) bool { return strings.Contains(arg, "cyclonedx-gomod@v") }) {
		t.Errorf("the lists of parts are %v", r.Sboms)
	}
	for _, b := range r.Builds {
		if source, err := os.ReadFile(filepath.Join(root, b.Main, "main.go")); err != nil || !strings.Contains(string(source), "\npackage main\n") {
			t.Errorf("%s: %s is no program: %v", b.ID, b.Main, err)
		}
		if !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") || !slices.Contains(b.Flags, "-buildvcs=true") || b.ModTimestamp != "{{ .CommitTimestamp }}" {
			t.Errorf("%s cannot be repeated: %v %v %s", b.ID, b.Env, b.Flags, b.ModTimestamp)
		}
		if len(b.Goos) != 3 || len(b.Goarch) != 2 {
			t.Errorf("%s is for %v on %v", b.ID, b.Goos, b.Goarch)
		}
	}

	// The hook writes to bin/share, from which the archive takes it.
	share := generated(t)
	if len(r.Before.Hooks) == 0 || !strings.Contains(r.Before.Hooks[0], "go run ./cmd/internal/mangen -o bin/share") {
		t.Errorf("the hooks are %q", r.Before.Hooks)
	}
	taken := map[string]int{}
	for _, f := range r.Archives[0].Files {
		path := filepath.Join(root, f.Src)
		if below, ok := strings.CutPrefix(f.Src, "bin/share/"); ok {
			path = filepath.Join(share, below)
		}
		files, err := filepath.Glob(path)
		if err != nil || len(files) == 0 || f.Info.Mtime == "" {
			t.Errorf("%s: %d files, time %q, %v", f.Src, len(files), f.Info.Mtime, err)
		}
		taken[f.Src] = len(files)
	}
	if taken["LICENSE"] != 1 || taken["README.md"] != 1 || taken["bin/share/man/man1/*.1"] < 30 || taken["bin/share/completions/*"] != 4 {
		t.Errorf("the archive has %v", taken)
	}
}

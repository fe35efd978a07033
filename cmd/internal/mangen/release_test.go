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
	Builds []struct {
		ID, Main, Binary string
		Env, Flags       []string
		Goos, Goarch     []string
		ModTimestamp     string `yaml:"mod_timestamp"`
	}
	Archives []struct {
		Files []struct {
			Src  string
			Info struct{ Mtime string }
		}
	}
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
	if len(r.Builds) != 3 || len(r.Archives) != 1 {
		t.Fatalf("%d builds and %d archives", len(r.Builds), len(r.Archives))
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

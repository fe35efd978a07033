package main

import (
	"cmp"
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
	ID, Dir, Main, Binary string
	Env, Flags, Ldflags   []string
	Goos, Goarch          []string
	ModTimestamp          string `yaml:"mod_timestamp"`
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
	// So is every plugin.
	plugins, err := filepath.Glob(filepath.Join(root, "plugins", "*", "main.go"))
	if err != nil || len(plugins) < 4 {
		t.Fatalf("plugins %q, %v", plugins, err)
	}
	for _, p := range plugins {
		dir := filepath.Base(filepath.Dir(p))
		at := slices.IndexFunc(r.Builds, func(b build) bool { return b.Binary == "flask-vault-"+dir })
		if at < 0 {
			t.Errorf("the plugin %s is not built", dir)
			continue
		}
		b := r.Builds[at]
		if got := filepath.ToSlash(filepath.Join(b.Dir, b.Main)); got != "plugins/"+dir {
			t.Errorf("the plugin %s is built from %s", dir, got)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(p), "go.mod")); (err == nil) != (b.Dir == "plugins/"+dir) {
			t.Errorf("the plugin %s is built in %q: a module of its own is built in its directory, and no other", dir, b.Dir)
		}
		if !strings.Contains(strings.Join(b.Ldflags, " "), "-X main.version={{ .Version }}") {
			t.Errorf("the plugin %s would not tell the version of the release: %q", dir, b.Ldflags)
		}
	}
	twice, err := os.ReadFile(filepath.Join(root, ".ci", "reproducible"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sboms) != 1 || r.Sboms[0].Artifacts != "binary" || r.Sboms[0].Cmd != "go" ||
		!slices.ContainsFunc(r.Sboms[0].Args, func(arg string) bool { return strings.Contains(arg, "cyclonedx-gomod@v") }) {
		t.Errorf("the lists of parts are %v", r.Sboms)
	}
	for _, b := range r.Builds {
		if source, err := os.ReadFile(filepath.Join(root, b.Dir, b.Main, "main.go")); err != nil || !strings.Contains(string(source), "\npackage main\n") {
			t.Errorf("%s: %s is no program: %v", b.ID, b.Main, err)
		}
		if !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") || !slices.Contains(b.Flags, "-buildvcs=true") || b.ModTimestamp != "{{ .CommitTimestamp }}" {
			t.Errorf("%s cannot be repeated: %v %v %s", b.ID, b.Env, b.Flags, b.ModTimestamp)
		}
		// As .ci/reproducible has them: program, directory, package, tags.
		tags := ""
		for _, flag := range b.Flags {
			if value, ok := strings.CutPrefix(flag, "-tags="); ok {
				tags = " " + value
			}
		}
		if line := "\n" + b.Binary + " " + cmp.Or(b.Dir, ".") + " " + b.Main + tags + "\n"; !strings.Contains(string(twice), line) {
			t.Errorf(".ci/reproducible does not build %q", strings.TrimSpace(line))
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

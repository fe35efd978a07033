package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// vectors are vaults and files that the Python Flask-Vault made, each with what
// it gave for them; backend/testdata/README.md describes them.
const vectors = "../../backend/testdata/flask-vault"

// answer is what Flask-Vault's get gave for a key.
type answer struct {
	Type    string `json:"type"`
	Printed string `json:"printed"`
}

// copies copies the directories that match a pattern below vectors to where the
// program may write, with the key file's mode as it has to be.
func copies(t *testing.T, pattern string, want int) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(vectors, pattern))
	if err != nil || len(dirs) < want {
		t.Fatalf("%d directories in %s (%v), want %d at least", len(dirs), pattern, err, want)
	}
	for i, dir := range dirs {
		dirs[i] = filepath.Join(t.TempDir(), filepath.Base(dir))
		if err := os.CopyFS(dirs[i], os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dirs[i], "master.key"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dirs
}

// eachVault runs check for each key of each vault that matches, beside the other
// vaults, and fails if it ran for fewer keys than there are known to be.
func eachVault(t *testing.T, pattern string, vaults, keys int, check func(t *testing.T, dir, plaintext string, answers map[string]answer) int) {
	var checked atomic.Int64
	t.Run("vaults", func(t *testing.T) {
		for _, dir := range copies(t, pattern, vaults) {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				var answers map[string]answer
				if err := json.Unmarshal(readFile(t, dir, "expected.json"), &answers); err != nil {
					t.Fatal(err)
				}
				plaintext := string(readFile(t, dir, "plaintext.yml"))
				if got := run(t, dir, "show"); got.code != 0 || got.stdout != plaintext {
					t.Errorf("show: exit %d, %q, want %q\n%s", got.code, got.stdout, plaintext, got.stderr)
				}
				checked.Add(int64(check(t, dir, plaintext, answers)))
			})
		}
	})
	if got := int(checked.Load()); got < keys {
		t.Errorf("%d keys were checked, want %d at least", got, keys)
	}
}

func TestVaultsOfFlaskVault(t *testing.T) {
	eachVault(t, "vaults/*", 27, 570, func(t *testing.T, dir, plaintext string, answers map[string]answer) int {
		for key, want := range answers {
			checkGet(t, dir, plaintext, key, want)
		}
		return len(answers)
	})
}

func checkGet(t *testing.T, dir, plaintext, key string, want answer) {
	got := run(t, dir, "get", "--", key)
	if want.Type == "NoneType" {
		first, _, _ := strings.Cut(got.stderr[strings.Index(got.stderr, "No value"):], "\n")
		if got.code != 3 || got.stdout != "" || first != "No value for "+key {
			t.Errorf("get %q: exit %d, %q, %q; want exit 3 and \"No value for\" on standard error", key, got.code, got.stdout, got.stderr)
		}
		return
	}
	if got.code != 0 {
		t.Errorf("get %q: exit %d, %s", key, got.code, got.stderr)
		return
	}
	text := want.Printed
	switch want.Type {
	case "str":
		// The one secret with terminal sequences: Flask-Vault cuts them out, here
		// they are a part of it.
		if filepath.Base(dir) == "tricky-quoting-k32" && key == "a.ansi" {
			text = "\x1b[1m" + strings.TrimSuffix(text, "\n") + "\x1b[0m\n"
		}
	case "int", "float", "bool", "date", "datetime":
		// Flask-Vault prints what Python makes of it, here it stays as it was written.
		text = written(t, plaintext, key) + "\n"
	default: // a mapping or a list prints as YAML, which format/yaml checks
		if strings.TrimSpace(got.stdout) == "" {
			t.Errorf("get %q prints nothing", key)
		}
		return
	}
	if got.stdout != text {
		t.Errorf("get %q = %q, want %q", key, got.stdout, text)
	}
}

// written is the scalar after a key as it stands in the text, found without a
// parser: the vectors have such keys once each, on one line.
func written(t *testing.T, plaintext, key string) string {
	t.Helper()
	line := regexp.MustCompile(`(?m)^[\s\x{feff}]*["']?` + regexp.QuoteMeta(key) + `["']?: +(?:!!\w+ )?([^#,\r\n]*?) *(?:#.*)?,?\r?$`)
	found := line.FindAllStringSubmatch(plaintext, -1)
	if len(found) != 1 {
		t.Fatalf("the key %q stands in %d lines of the plaintext", key, len(found))
	}
	return strings.Trim(found[0][1], `"'`)
}

var (
	position = regexp.MustCompile(`(?m)^flask-vault: credentials\.yml\.enc: line \d+, column \d+: \S`)
	scalar   = regexp.MustCompile(`[^\s:,"'\[\]{}]{4,}`)
)

// TestBrokenVaultsOfFlaskVault: documents from which Flask-Vault gets no key at
// all. The error says where, and holds nothing of what the document does.
func TestBrokenVaultsOfFlaskVault(t *testing.T) {
	eachVault(t, "broken/*", 24, 48, func(t *testing.T, dir, plaintext string, answers map[string]answer) int {
		if got := run(t, dir, "decrypt", "credentials.yml.enc"); got.code != 0 || got.stdout != plaintext {
			t.Errorf("decrypt: exit %d, %q", got.code, got.stdout)
		}
		for key := range answers {
			got := run(t, dir, "get", "--", key)
			if got.code != 7 || got.stdout != "" || !position.MatchString(got.stderr) {
				t.Errorf("get %q: exit %d, %q, %q; want exit 7, a line and a column", key, got.code, got.stdout, got.stderr)
			}
			for _, s := range scalar.FindAllString(plaintext, -1) {
				if !strings.HasPrefix(s, "!!") && strings.Contains(got.stderr, s) { // a tag is a word of YAML's
					t.Errorf("get %q prints %q of the document: %q", key, s, got.stderr)
				}
			}
		}
		return len(answers)
	})
}

func TestFilesOfFlaskVault(t *testing.T) {
	checked := 0
	for _, dir := range copies(t, "files*", 3) {
		sealed, err := filepath.Glob(filepath.Join(dir, "*.enc"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range sealed {
			name := filepath.Base(path)
			want, err := os.ReadFile(strings.TrimSuffix(path, ".enc"))
			if os.IsNotExist(err) {
				continue // archive.enc is itself a plaintext
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := run(t, dir, "decrypt", "--", name); got.code != 0 || got.stdout != string(want) {
				t.Errorf("%s/%s: exit %d, %d bytes, want %d\n%s", filepath.Base(dir), name, got.code, len(got.stdout), len(want), got.stderr)
			}
			if got := run(t, dir, "decrypt", name, "-o", "out"); got.code != 0 || string(readFile(t, dir, "out")) != string(want) {
				t.Errorf("%s/%s -o: exit %d\n%s", filepath.Base(dir), name, got.code, got.stderr)
			}
			if err := os.Remove(filepath.Join(dir, "out")); err != nil {
				t.Fatal(err)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("%d files were checked, want 20 at least", checked)
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestBlockRestores(t *testing.T) {
	for name, text := range map[string][]byte{
		"no file":       nil,
		"an empty one":  {},
		"one line":      []byte("*.enc -text\n"),
		"no line end":   []byte("*.enc -text"),
		"CRLF":          []byte("*.enc -text\r\n*.png binary\r\n"),
		"CRLF, no end":  []byte("*.enc -text\r\n*.png binary"),
		"a blank line":  []byte("\n\n"),
		"not UTF-8":     []byte("\xff\xfe\n"),
		"only a return": []byte("\r"),
	} {
		with, err := withBlock(text, text != nil, []string{"/a diff=b", "/c diff=d"})
		if err != nil {
			t.Fatal(name, err)
		}
		// Other lines come instead of ours, in the same place.
		with, err = withBlock(append(with, "/added later\n"...), true, []string{"/e diff=f"})
		if err != nil || !bytes.HasPrefix(with, text) || !bytes.Contains(with, []byte("/e diff=f")) || bytes.Contains(with, []byte("/a diff")) {
			t.Errorf("%s: %q, %v", name, with, err)
		}
		if got, err := withoutBlock(bytes.TrimSuffix(with, []byte("/added later\n"))); err != nil || !bytes.Equal(got, text) || (got == nil) != (text == nil) {
			t.Errorf("%s: %q became %q, %v", name, text, got, err)
		}
		if got, err := withoutBlock(with); err != nil || !bytes.HasPrefix(got, text) || !bytes.HasSuffix(got, []byte("/added later\n")) {
			t.Errorf("%s, with a line after: %q, %v", name, got, err)
		}
	}
}

func TestBlockDamaged(t *testing.T) {
	for _, text := range []string{blockBegin + "\nx\n", "x\n" + blockEnd + "\n", blockBegin + "\n" + blockBegin + "\n" + blockEnd + "\n"} {
		if _, err := withBlock([]byte(text), true, nil); err == nil {
			t.Errorf("%q is taken", text)
		}
		if got, err := withoutBlock([]byte(text)); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// TestPattern asks git whether it understands the patterns.
func TestPattern(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("FLASK_VAULT_INTEROP") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: there is no git to ask")
	}
	names := []string{"credentials.yml.enc", "dir/a b.enc", "#x.enc", "!x.enc", "[x].enc", "é.enc"}
	if runtime.GOOS != "windows" {
		names = append(names, "a*b.enc", "a?b.enc", `a\b.enc`, `a"b.enc`, "a\tb.enc", "a\nb.enc")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	git("init", "-q")
	for _, name := range names {
		line := attributePattern(escapeGlob(name)) + " diff=flask-vault"
		if err := os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := git("check-attr", "-z", "diff", "--", name); !strings.HasSuffix(out, "\x00flask-vault\x00") {
			t.Errorf("%q is not meant by %s: %q", name, line, out)
		}
		if out := git("check-attr", "-z", "diff", "--", "other/"+name, "axb.enc"); strings.Contains(out, "flask-vault") {
			t.Errorf("%s means too much: %q", line, out)
		}
	}
}

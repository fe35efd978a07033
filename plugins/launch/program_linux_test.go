package launch

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// programs are an ELF executable and a script that both print "ok".
func programs(t *testing.T) map[string]*os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec echo ok\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	found := map[string]*os.File{}
	for name, path := range map[string]string{"executable": "/bin/echo", "script": path} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		found[name] = f
	}
	return found
}

func mustSayOK(t *testing.T, p *Program) {
	t.Helper()
	proc, err := Start(p, Options{Name: "echo", Args: []string{"ok"}})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Kill()
	if out, err := io.ReadAll(proc.Stdout); err != nil || string(out) != "ok\n" && string(out) != "ok\nok\n" {
		t.Errorf("it said %q, %v", out, err)
	}
}

func TestAMemoryFileCannotBeChanged(t *testing.T) {
	for name, f := range programs(t) {
		t.Run(name, func(t *testing.T) {
			p, _, err := snapshot(f, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if _, err := p.file.WriteAt([]byte("x"), 0); err == nil {
				t.Error("it can be written")
			}
			if err := p.file.Truncate(0); err == nil {
				t.Error("it can be cut")
			}
			mustSayOK(t, p)
			mustSayOK(t, p) // a program may be started again
		})
	}
}

// The way that is left where the system forbids programs in memory files.
func TestAnUnlinkedFileRuns(t *testing.T) {
	for name, f := range programs(t) {
		t.Run(name, func(t *testing.T) {
			scratch := t.TempDir()
			p, sum, err := unlinked(f, scratch)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if left, _ := os.ReadDir(scratch); len(left) != 0 {
				t.Errorf("a name is left: %v", left)
			}
			if _, err := p.file.WriteAt([]byte("x"), 0); err == nil {
				t.Error("it can be written through our descriptor")
			}
			if len(hex.EncodeToString(sum)) != 64 {
				t.Errorf("the sum is %x", sum)
			}
			mustSayOK(t, p)
		})
	}
}

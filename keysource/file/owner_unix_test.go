//go:build unix

package file_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flask-vault/flask-vault/keysource/file"
)

// TestOwners has key files of several users and modes read by root and by another user.
func TestOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("NOT CHECKED: only root can give files away")
	}
	const nobody, other = 65534, 12345
	dir, err := os.MkdirTemp("", "owners") // which nobody can reach, other than t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // for nobody
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(path) // its directory may be closed to nobody
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "test")
	if err := os.WriteFile(program, self, 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	for i, c := range []struct {
		reader, owner int
		mode          os.FileMode
		allowed       string // the option: "", "insecure" or "owner"
		want          string
	}{
		{0, 0, 0o600, "", "read"},
		{0, 0, 0o644, "", "exposed"},
		{0, other, 0o600, "", "foreign"},
		{0, other, 0o600, "insecure", "read"},
		{0, other, 0o600, "owner", "read"},
		{0, other, 0o644, "owner", "exposed"},
		{nobody, nobody, 0o600, "", "read"},
		{nobody, nobody, 0o640, "", "exposed"},
		{nobody, 0, 0o644, "", "read"}, // a container's secret mount
		{nobody, 0, 0o444, "", "read"},
		{nobody, 0, 0o666, "", "exposed"},
		{nobody, 0, 0o664, "", "exposed"},
		{nobody, 0, 0o666, "insecure", "read"},
		{nobody, other, 0o644, "", "foreign"},
		{nobody, other, 0o644, "insecure", "read"},
	} {
		path := filepath.Join(dir, strconv.Itoa(i))
		for _, err := range []error{
			os.WriteFile(path, []byte("MDEyMzQ1Njc4OWFiY2RlZg==\n"), 0o600),
			os.Chmod(path, c.mode), os.Chown(path, c.owner, c.owner),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestHelperReader$", "-test.v")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "KEY_FILE="+path, "KEY_ALLOWED="+c.allowed)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(c.reader), Gid: uint32(c.reader)}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "RESULT "+c.want+"\n") {
			t.Errorf("%+v: %v\n%s", c, err, out)
		}
	}
}

// TestHelperReader is one reading process of TestOwners.
func TestHelperReader(t *testing.T) {
	path := os.Getenv("KEY_FILE")
	if path == "" {
		return // nothing to do as a test of its own
	}
	o := file.Options{Insecure: os.Getenv("KEY_ALLOWED") == "insecure"}
	if os.Getenv("KEY_ALLOWED") == "owner" {
		o.Owners = []int{12345}
	}
	_, err := file.New(path, o).Load(t.Context())
	var insecure *file.InsecureError
	switch {
	case err == nil:
		fmt.Println("RESULT read")
	case errors.As(err, &insecure) && insecure.Owner != 0:
		fmt.Println("RESULT foreign")
	case errors.As(err, &insecure):
		fmt.Println("RESULT exposed")
	default:
		fmt.Println("RESULT", err)
	}
}

package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

func connect(ctx context.Context) error {
	v, err := config.Open(ctx, config.Overrides{}) // the vault that flask-vault finds here
	if err != nil {
		return err
	}
	password, err := v.Get("db.password")
	if err != nil {
		return err
	}
	fmt.Println(password)          // [redacted]
	fmt.Println(password.Reveal()) // correct horse battery staple
	return nil
}

// What README.md shows of the library, in a vault made for it.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	here, _ := os.Getwd()
	_ = os.Chdir(dir)
	defer func() { _ = os.Chdir(here) }()
	if err := makeVault(ctx, "db.password: correct horse battery staple\n"); err != nil {
		fmt.Println(err)
	}
	if err := connect(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [redacted]
	// correct horse battery staple
}

// makeVault makes a vault in the working directory.
func makeVault(ctx context.Context, text string) error {
	c, err := config.Resolve(config.Overrides{})
	if err != nil {
		return err
	}
	o, err := c.Options()
	if err != nil {
		return err
	}
	if _, err := backend.Init(ctx, o); err != nil {
		return err
	}
	v, err := backend.Open(ctx, o)
	if err != nil {
		return err
	}
	_, err = v.Edit(ctx, func([]byte) ([]byte, error) { return []byte(text), nil })
	return err
}

// TestGoCodeIsTheExample compares the Go code of README.md with connect.
func TestGoCodeIsTheExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(documents(t)["README.md"], -1)
	if len(blocks) != 1 || !strings.Contains(string(source), blocks[0][1]) {
		t.Errorf("README.md has %d blocks of Go code, want one, to be found in example_test.go", len(blocks))
	}
}

// TestPythonReader runs the reader of docs/format.md on a file of ours.
func TestPythonReader(t *testing.T) {
	python := pythonWithCryptography()
	if python == "" {
		if os.Getenv("FLASK_VAULT_INTEROP") != "" {
			t.Fatal("no python3 with the module cryptography (Debian: python3-cryptography)")
		}
		t.Skip("SKIPPED: no python3 with the module cryptography (Debian: python3-cryptography)")
	}
	block := regexp.MustCompile("(?ms)^```python\n(.*?)^```$").FindStringSubmatch(documents(t)["docs/format.md"])
	if block == nil {
		t.Fatal("docs/format.md has no Python code")
	}
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the test's programs are made for a POSIX system")
	}
	dir := t.TempDir()
	const content = "every byte \x00\xff\r\n counts"
	for name, text := range map[string]string{"reader.py": block[1], "file": content} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr.String())
		}
		return string(out)
	}
	program := filepath.Join(build(t), "flask-vault")
	run(program, "init", "-q")
	run(program, "encrypt", "-q", "file")
	if got := run(python, "reader.py", "master.key", "file.enc"); got != content {
		t.Errorf("the reader gives %q, want %q", got, content)
	}
	if got := run(python, "reader.py", "master.key", "credentials.yml.enc"); !strings.HasPrefix(got, "# The secrets") {
		t.Error("the reader gives another text than the template")
	}
}

func pythonWithCryptography() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "from cryptography.hazmat.primitives.ciphers.aead import AESGCM").Run() == nil {
			return python
		}
	}
	return ""
}

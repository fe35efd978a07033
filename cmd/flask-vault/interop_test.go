package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python is Debian's: the packages of the system are for this one.
const python = "/usr/bin/python3"

// reader is the documented format, read and written by the library that the
// Python Flask-Vault uses: a key file and a blob, each in URL-safe base64, and
// in the blob nonce, ciphertext and tag.
const reader = `
import base64, os, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

command, keyfile, source, destination = sys.argv[1:]
with open(keyfile, "rb") as f:
    aead = AESGCM(base64.urlsafe_b64decode(f.read()))
with open(source, "rb") as f:
    data = f.read()
if command == "open":
    blob = base64.urlsafe_b64decode(data)
    data = aead.decrypt(blob[:12], blob[12:], None)
else:
    nonce = os.urandom(12)
    data = base64.urlsafe_b64encode(nonce + aead.encrypt(nonce, data, None))
with open(destination, "wb") as f:
    f.write(data)
`

// requires stops a test that needs other programs where they are missing: with
// a failure if FLASK_VAULT_INTEROP=1, as .ci/run sets it, and else by skipping.
func requires(t *testing.T, missing error, what string) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("FLASK_VAULT_INTEROP") == "1":
		t.Fatalf("%s is missing (%v), and FLASK_VAULT_INTEROP=1 asks for it", what, missing)
	default:
		t.Skipf("%s is missing (%v); FLASK_VAULT_INTEROP=1 makes this a failure", what, missing)
	}
}

func TestPythonReadsWhatWeWriteAndWeWhatItWrites(t *testing.T) {
	requires(t, exec.Command(python, "-c", "import cryptography").Run(), "Python with the package cryptography (Debian: python3-cryptography)")
	dir := t.TempDir()
	peer := func(command, source, destination string) {
		t.Helper()
		cmd := exec.Command(python, "-c", reader, command, "master.key", source, destination)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("python %s %s: %v\n%s", command, source, err, out)
		}
	}
	ours := func(args ...string) string {
		t.Helper()
		got := run(t, dir, args...)
		if got.code != 0 {
			t.Fatalf("flask-vault %q: exit %d, %s", args, got.code, got.stderr)
		}
		return got.stdout
	}

	ours("init")
	peer("open", "credentials.yml.enc", "template")
	if text := string(readFile(t, dir, "template")); text != ours("show") || !strings.HasPrefix(text, "#") {
		t.Errorf("Python reads %q of what init made", text)
	}

	const document = "# ключ\ndb.password: correct horse\r\n\"über\": 'ja'\n"
	write(t, dir, "new.yml", document)
	t.Setenv("EDITOR", "cp new.yml")
	t.Setenv("VISUAL", "")
	ours("edit")
	peer("open", "credentials.yml.enc", "read.yml")
	if got := string(readFile(t, dir, "read.yml")); got != document {
		t.Errorf("Python reads %q, want %q", got, document)
	}

	write(t, dir, "theirs.yml", "db.password: from Python\n")
	peer("seal", "theirs.yml", "credentials.yml.enc")
	if got := ours("get", "db.password"); got != "from Python\n" {
		t.Errorf("get gives %q of what Python wrote", got)
	}

	allBytes := make([]byte, 0, 1<<16)
	for i := range cap(allBytes) {
		allBytes = append(allBytes, byte(i^i>>8))
	}
	for name, content := range map[string]string{
		"empty": "", "one byte": "x", "all bytes": string(allBytes), "line ends": "a\r\nb\n", "ünïcode 密码": "密码",
	} {
		write(t, dir, name, content)
		ours("encrypt", name)
		peer("open", name+".enc", "back")
		if got := string(readFile(t, dir, "back")); got != content {
			t.Errorf("%s: Python reads %d bytes, want the %d that we sealed", name, len(got), len(content))
		}
		peer("seal", name, name+".theirs")
		if got := ours("decrypt", name+".theirs"); got != content {
			t.Errorf("%s: decrypt gives %d bytes, want the %d that Python sealed", name, len(got), len(content))
		}
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

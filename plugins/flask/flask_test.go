// Package flask_test runs the tests of the Python package beside it, as Debian has
// Python, Flask, pytest and gunicorn.
package flask_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

const python = "/usr/bin/python3"

func TestPython(t *testing.T) {
	needs := "import setuptools, pip, wheel, flask, pytest, gunicorn, mypy, cryptography, psycopg2"
	if out, err := exec.Command(python, "-c", needs).CombinedOutput(); err != nil || runtime.GOOS != "linux" {
		const what = "the package for Flask: it needs Linux with python3-flask, python3-pytest, python3-gunicorn, python3-mypy, python3-pip, python3-setuptools, python3-wheel, python3-venv, python3-cryptography and python3-psycopg2"
		if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
			t.Fatalf("%s: %v\n%s", what, err, out)
		}
		t.Skip("NOT TESTED: " + what)
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/flask-vault", "./cmd/flask-vault-pluginhost")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as docs/flask.md builds it
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tests := exec.Command(python, "-m", "pytest", "-q", "-s", "--durations=5", "--basetemp", filepath.Join(t.TempDir(), "pytest"))
	tests.Env = append(os.Environ(), "FLASK_VAULT_BIN="+filepath.Join(bin, "flask-vault"), "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
	out, err := tests.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("pytest: %v", err)
	}
}

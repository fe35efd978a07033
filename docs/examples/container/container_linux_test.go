package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/docs/examples/internal/vaulttest"
)

// TestContainer does without a Docker daemon what the Dockerfile says: it copies
// what COPY names into an empty directory and runs the ENTRYPOINT with that as
// its root, in namespaces of its own (users, mounts, processes, network), with
// ENV alone as its environment and the key mounted read-only. unshare of Debian's
// util-linux makes them.
func TestContainer(t *testing.T) {
	made, image, secrets := t.TempDir(), t.TempDir(), t.TempDir()
	vaulttest.Make(t, made, "db: {host: localhost, password: hunter2}\n")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(made, "app"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var environment []string
	var program string
	for line := range strings.Lines(string(dockerfile)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "COPY":
			from, to, _ := strings.Cut(rest, " ")
			content, err := os.ReadFile(filepath.Join(made, from))
			if err == nil {
				err = os.WriteFile(filepath.Join(image, to), content, 0o755)
			}
			if err != nil {
				t.Fatal(err)
			}
		case "ENV":
			environment = append(environment, rest)
		case "ENTRYPOINT":
			program = regexp.MustCompile(`"(.+)"`).FindStringSubmatch(rest)[1]
		}
	}
	// Whoever runs the container moves the key to where it is mounted from.
	if err := os.Rename(filepath.Join(made, "master.key"), filepath.Join(secrets, "master.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(image, "run/secrets"), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(mounted bool, variables ...string) (string, error) {
		mount := `mount --bind "$SECRETS" "$IMAGE/run/secrets" && mount -o remount,bind,ro "$IMAGE/run/secrets" && `
		if !mounted {
			mount = ""
		}
		args := append([]string{"--user", "--map-root-user", "--mount", "--pid", "--fork", "--net", "--ipc", "sh", "-ec",
			mount + `exec env -i "$@"`, "sh"}, append(environment, variables...)...)
		args = append(args, "/usr/sbin/chroot", image, program)
		cmd := exec.CommandContext(t.Context(), "unshare", args...)
		cmd.Env = append(os.Environ(), "IMAGE="+image, "SECRETS="+secrets)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	for _, c := range []struct {
		name      string
		mounted   bool
		variables []string
		want      string
	}{
		{"with the key", true, nil, "connecting to localhost, password [redacted], timeout 10s\n"},
		{"with a variable", true, []string{"SHOP_DB__HOST=db.example", "SHOP_TIMEOUT=1m"}, "connecting to db.example, password [redacted], timeout 1m0s\n"},
		{"with a variable that is wrong", true, []string{"SHOP_TIMEOUT=60"}, "field Timeout (timeout, from the variable SHOP_TIMEOUT): it is not a duration"},
		{"without the key", false, nil, "no key source has a key"},
	} {
		text, err := run(c.mounted, c.variables...)
		if !strings.Contains(text, c.want) || (err == nil) != strings.HasPrefix(c.want, "connecting") || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %v\n%s", c.name, err, text)
		}
	}
}

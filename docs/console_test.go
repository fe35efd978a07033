package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// TestConsoleSessions runs what the documents show. The blocks marked console
// of one document are one session in a fresh directory, by the rules:
//
//   - "$ command" is run by sh, with both streams shown in their order; the
//     lines below it are what it prints.
//   - "$ cat FILE" of a file that is not there makes it from the lines below.
//   - "<!-- $ command -->" on a line of its own is run unseen.
//   - The editor adds a db.password to the document, unless EDITOR is set.
//   - A session that speaks of localhost:2379 has an etcd server there, with the
//     process id $ETCD_PID. The port is another one, and shown as 2379.
//   - The checkout is ../flask-vault, and go works as it does outside.
//   - The directory is shown as /home/me/shop, also where a session that tells of
//     several people goes into somebody else's clone, in a directory of theirs.
//   - Key ids and sealed text differ from run to run and are not compared.
func TestConsoleSessions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the sessions need a POSIX shell")
	}
	programs := build(t)
	ran := 0
	for name, text := range documents(t) {
		steps := session(text)
		ran += len(steps)
		if len(steps) > 0 {
			t.Run(name, func(t *testing.T) { play(t, programs, steps) })
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands were found", ran)
	}
}

// bin is a directory with flask-vault, flask and an editor, made once.
var bin = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "flask-vault-docs-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir, "./cmd/flask-vault", "./cmd/flask-vault-pluginhost", "./cmd/flask-vault-remote")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("go build: %w\n%s", err, out)
	}
	if err := os.Symlink("flask-vault", filepath.Join(dir, "flask")); err != nil {
		return dir, err
	}
	editor := "#!/bin/sh\necho 'db.password: correct horse battery staple' >>\"$1\"\n"
	return dir, os.WriteFile(filepath.Join(dir, "some-editor"), []byte(editor), 0o755)
})

func build(t *testing.T) string {
	t.Helper()
	dir, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if runtime.GOOS != "windows" {
		if dir, _ := bin(); dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// step is one command and what the document says that it prints.
type step struct {
	command string
	want    string
	unseen  bool
}

var (
	consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$|^<!-- \\$ ([^\n]*) -->$")
	makesFile    = regexp.MustCompile(`^cat (\S+)$`)
)

func session(text string) []step {
	var steps []step
	for _, m := range consoleBlock.FindAllStringSubmatch(text, -1) {
		if m[2] != "" {
			steps = append(steps, step{command: m[2], unseen: true})
			continue
		}
		for line := range strings.Lines(m[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				steps = append(steps, step{command: strings.TrimSuffix(command, "\n")})
			} else if len(steps) > 0 {
				steps[len(steps)-1].want += line
			}
		}
	}
	return steps
}

func play(t *testing.T, programs string, steps []step) {
	base := t.TempDir()
	dir := filepath.Join(base, "shop")
	runtimeDir := filepath.Join(base, "run")
	for _, d := range []string{dir, runtimeDir} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	server, stop := etcdFor(t, steps)
	defer stop()
	const end = "--- end of step %d ---"
	script := "exec 2>&1\numask 022\nrc=0\n"
	for i, s := range steps {
		if m := makesFile.FindStringSubmatch(s.command); m != nil {
			script += fmt.Sprintf("test -e %s || { mkdir -p \"$(dirname %[1]s)\" && cat >%[1]s <<'END OF FILE'\n%sEND OF FILE\n}\n", m[1], s.want)
		}
		script += fmt.Sprintf("(exit $rc)\n%s\nrc=$?\nprintf '\\n"+end+"\\n'\n", s.command, i)
	}
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(checkout, filepath.Join(base, "flask-vault")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(script, etcdShown, server.address))
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + programs + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + base, "XDG_RUNTIME_DIR=" + runtimeDir, "TMPDIR=" + base, "EDITOR=some-editor", "LC_ALL=C.UTF-8",
		"ETCD_PID=" + server.pid,
	}
	for _, name := range []string{"GOPATH", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(value)))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	shops := regexp.MustCompile(regexp.QuoteMeta(base) + `(?:/\w+)?/shop\b`)
	rest := string(out)
	for i, s := range steps {
		got, after, found := strings.Cut(rest, "\n"+fmt.Sprintf(end, i)+"\n")
		if !found {
			t.Fatalf("the session ended within: %s\n%s", s.command, rest)
		}
		rest = after
		got = shops.ReplaceAllLiteralString(got, "/home/me/shop")
		got = strings.ReplaceAll(got, programs, "/usr/local/bin")
		got = server.shown(got)
		if !s.unseen && normalise(got) != normalise(s.want) {
			t.Errorf("$ %s\nprints:\n%s\nthe document shows:\n%s", s.command, got, s.want)
		}
	}
}

var (
	keyID    = regexp.MustCompile(`\b[0-9a-f]{8}\b|\b[0-9a-f]{12}\b`)
	sealed   = regexp.MustCompile(`[\w-]{38,}={0,2}`)
	ssh      = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`)
	duration = regexp.MustCompile(`\b\d+\.\d+s|\(cached\)`)
	ago      = regexp.MustCompile(`\b\d+ (?:second|minute)s? ago`)
	waiting  = regexp.MustCompile(`(?m)^waiting for plugin .* …\n`) // on a slow machine
	fetched  = regexp.MustCompile(`(?m)^go: downloading .*\n`)
)

// normalise leaves out of a text what differs from run to run.
func normalise(text string) string {
	text = waiting.ReplaceAllString(fetched.ReplaceAllString(text, ""), "")
	text = duration.ReplaceAllString(text, "TIME")
	text = ago.ReplaceAllString(text, "AGO")
	text = keyID.ReplaceAllString(strings.TrimSpace(text), "ID")
	return sealed.ReplaceAllString(ssh.ReplaceAllString(text, "FINGERPRINT"), "SEALED")
}

// TestDemo keeps the first session of README.md and docs/demo the same.
func TestDemo(t *testing.T) {
	cmd := exec.Command("go", "run", "./docs/demo")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	first := consoleBlock.FindStringSubmatch(documents(t)["README.md"])
	if first == nil || normalise(first[1]) != normalise(string(out)) {
		t.Errorf("go run ./docs/demo prints\n%s\nand README.md begins with another session", out)
	}
}

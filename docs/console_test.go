package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
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
//   - Key ids and sealed text differ from run to run and are not compared.
func TestConsoleSessions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: the sessions need a POSIX shell")
	}
	bin := build(t)
	ran := 0
	for name, text := range documents(t) {
		steps := session(text)
		ran += len(steps)
		if len(steps) > 0 {
			t.Run(name, func(t *testing.T) { play(t, bin, steps) })
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands were found", ran)
	}
}

// build makes a directory with flask-vault, flask and an editor.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, "flask-vault"), "./cmd/flask-vault")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if err := os.Symlink("flask-vault", filepath.Join(bin, "flask")); err != nil {
		t.Fatal(err)
	}
	editor := "#!/bin/sh\necho 'db.password: correct horse battery staple' >>\"$1\"\n"
	if err := os.WriteFile(filepath.Join(bin, "some-editor"), []byte(editor), 0o755); err != nil {
		t.Fatal(err)
	}
	return bin
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

func play(t *testing.T, bin string, steps []step) {
	base := t.TempDir()
	dir := filepath.Join(base, "shop")
	runtimeDir := filepath.Join(base, "run")
	for _, d := range []string{dir, runtimeDir} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const end = "--- end of step %d ---"
	script := "exec 2>&1\numask 022\nrc=0\n"
	for i, s := range steps {
		if m := makesFile.FindStringSubmatch(s.command); m != nil {
			script += fmt.Sprintf("test -e %s || { mkdir -p \"$(dirname %[1]s)\" && cat >%[1]s <<'END OF FILE'\n%sEND OF FILE\n}\n", m[1], s.want)
		}
		script += fmt.Sprintf("(exit $rc)\n%s\nrc=$?\nprintf '\\n"+end+"\\n'\n", s.command, i)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + base, "XDG_RUNTIME_DIR=" + runtimeDir, "TMPDIR=" + base, "EDITOR=some-editor", "LC_ALL=C.UTF-8",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rest := string(out)
	for i, s := range steps {
		got, after, found := strings.Cut(rest, "\n"+fmt.Sprintf(end, i)+"\n")
		if !found {
			t.Fatalf("the session ended within: %s\n%s", s.command, rest)
		}
		rest = after
		got = strings.ReplaceAll(got, dir, "/home/me/shop")
		if !s.unseen && normalise(got) != normalise(s.want) {
			t.Errorf("$ %s\nprints:\n%s\nthe document shows:\n%s", s.command, got, s.want)
		}
	}
}

var (
	keyID  = regexp.MustCompile(`\b[0-9a-f]{8}\b`)
	sealed = regexp.MustCompile(`[\w-]{38,}={0,2}`)
)

// normalise leaves out of a text what differs from run to run.
func normalise(text string) string {
	text = keyID.ReplaceAllString(strings.TrimSpace(text), "ID")
	return sealed.ReplaceAllString(text, "SEALED")
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

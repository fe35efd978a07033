//go:build unix

package editor

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// program is a real process that calls Run.
type program struct {
	cmd    *exec.Cmd
	memory string
	marks  string // directory where the fake editor leaves marks
	report string
	stderr bytes.Buffer
}

// startProgram starts one whose editor is a script. The script says in
// $MARKS/editor.pid that it has started.
func startProgram(t *testing.T, body string, s spec) *program {
	t.Helper()
	return startProgramWith(t, body, s, nil, nil)
}

// startProgramWith starts one through a wrapper command and with an input.
func startProgramWith(t *testing.T, body string, s spec, wrapper []string, in *os.File) *program {
	t.Helper()
	p := &program{memory: t.TempDir(), marks: t.TempDir()}
	p.report = filepath.Join(p.marks, "report")
	s.Memory, s.Report = []string{p.memory}, p.report
	if s.Name == "" {
		s.Name, s.Text = "credentials.yml", "original\n"
	}
	s.QuestionMark = filepath.Join(p.marks, "asked")
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	editor := script(t, `echo $$ >"$MARKS/pid.new"; mv "$MARKS/pid.new" "$MARKS/editor.pid"; `+body)
	words := append(wrapper, self)
	p.cmd = exec.Command(words[0], words[1:]...)
	if in != nil {
		p.cmd.Stdin = in
	}
	p.cmd.Env = append(os.Environ(), specVariable+"="+string(text), "VISUAL=", "EDITOR="+editor, "MARKS="+p.marks, "XDG_RUNTIME_DIR=")
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the editors too
		_ = p.cmd.Wait()
	})
	return p
}

func (p *program) waitForEditor(t *testing.T) (pid int) {
	t.Helper()
	path := filepath.Join(p.marks, "editor.pid")
	waitFor(t, "the editor to start", func() bool { return exists(path) })
	text, err := os.ReadFile(path)
	if err == nil {
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// end waits for the program and returns its report and exit code.
func (p *program) end(t *testing.T) (report, int) {
	t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return readReport(t, p.report), p.cmd.ProcessState.ExitCode()
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestSignalsThatEndTheProgram(t *testing.T) {
	// A shell acts on a trap when its foreground command ends, hence wait.
	const polite = `trap 'echo told >"$MARKS/told"; exit 1' TERM HUP; sleep 600 & echo "draft" >"$f"; : >"$MARKS/ready"; wait`
	const stubborn = `trap '' TERM HUP; echo "draft" >"$f"; : >"$MARKS/ready"; while :; do sleep 1; done`
	for _, tc := range []struct {
		name, body string
		sig        syscall.Signal
		told       bool
	}{
		{"TERM", polite, syscall.SIGTERM, true},
		{"HUP", polite, syscall.SIGHUP, true},
		{"TERM, a stubborn editor", stubborn, syscall.SIGTERM, false},
		{"HUP, a stubborn editor", stubborn, syscall.SIGHUP, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, tc.body, spec{})
			editor := p.waitForEditor(t)
			waitFor(t, "the editor to be ready", func() bool { return exists(filepath.Join(p.marks, "ready")) })
			if err := p.cmd.Process.Signal(tc.sig); err != nil {
				t.Fatal(err)
			}
			r, code := p.end(t)
			if code != 128+int(tc.sig) || r.SignalCode != code {
				t.Errorf("exit code %d, report %+v; want %d", code, r, 128+int(tc.sig))
			}
			if r.DraftSum != sum("draft\n") {
				t.Errorf("report %+v, want the draft", r)
			}
			if told := exists(filepath.Join(p.marks, "told")); told != tc.told {
				t.Errorf("the editor acted on the signal: %v, want %v", told, tc.told)
			}
			if alive(editor) {
				t.Errorf("the editor is still alive")
			}
			wantEmpty(t, p.memory)
		})
	}
}

func TestInterruptBelongsToTheEditor(t *testing.T) {
	const body = `trap ': >"$MARKS/interrupted"' INT; : >"$MARKS/ready"; while [ ! -e "$MARKS/go" ]; do sleep 0.05; done; echo saved >"$f"`
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := startProgram(t, body, spec{})
			editor := p.waitForEditor(t)
			waitFor(t, "the editor to be ready", func() bool { return exists(filepath.Join(p.marks, "ready")) })
			for range 3 {
				if err := p.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
			}
			// The terminal would send it to the editor as well.
			waitFor(t, "the editor's trap", func() bool {
				_ = syscall.Kill(editor, syscall.SIGINT)
				return exists(filepath.Join(p.marks, "interrupted"))
			})
			if err := os.WriteFile(filepath.Join(p.marks, "go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if r, code := p.end(t); code != 0 || !r.Changed || r.Sum != sum("saved\n") {
				t.Errorf("exit code %d, %+v, want the text saved", code, r)
			}
			wantEmpty(t, p.memory)
		})
	}
}

func TestInterruptEndsAnEditorThatDoesNotCatchIt(t *testing.T) {
	p := startProgram(t, `exec sleep 600`, spec{})
	p.waitForEditor(t)
	// As Ctrl+C does: to the whole foreground group. The shell may still be
	// about to become sleep, both die of it.
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if r, code := p.end(t); code != 1 || r.Type != "*editor.EditorError" || !strings.Contains(r.Err, "interrupt") {
		t.Errorf("exit code %d, %+v", code, r)
	}
	wantEmpty(t, p.memory)
}

func TestSignalAtAQuestion(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			keepOpen, answers, err := os.Pipe() // never answers
			if err != nil {
				t.Fatal(err)
			}
			defer keepOpen.Close()
			defer answers.Close()
			p := startProgramWith(t, `echo bad >"$f"`, spec{
				Name: "a.yml", Text: "a", Forbidden: "bad", Interactive: true}, nil, keepOpen)
			waitFor(t, "the question", func() bool { return exists(filepath.Join(p.marks, "asked")) })
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			r, code := p.end(t)
			if code != 128+int(sig) || r.DraftSum != sum("bad\n") {
				t.Errorf("exit code %d, %+v", code, r)
			}
			wantEmpty(t, p.memory)
		})
	}
}

func TestNohupStaysInForce(t *testing.T) {
	p := startProgramWith(t, `while [ ! -e "$MARKS/go" ]; do sleep 0.05; done; echo saved >"$f"`, spec{}, []string{"nohup"}, nil)
	p.waitForEditor(t)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.marks, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, code := p.end(t); code != 0 || !r.Changed {
		t.Errorf("exit code %d, %+v, want the text saved", code, r)
	}
}

func TestKillAndSweep(t *testing.T) {
	p := startProgram(t, `exec sleep 600`, spec{})
	editor := p.waitForEditor(t)
	o := Options{Fallback: p.memory, Env: []string{}}

	if found, err := Sweep(o); err != nil || ours(found, p.memory) != nil {
		t.Fatalf("%v, %v swept beside a living session", found, err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	if !alive(editor) {
		t.Fatal("the editor died too, so this shows less than it should")
	}
	found, err := Leftovers(o)
	left := ours(found, p.memory)
	if err != nil || len(left) != 1 || left[0].PID != p.cmd.Process.Pid {
		t.Fatalf("leftovers %v, %v, want one of process %d", left, err, p.cmd.Process.Pid)
	}
	text, err := os.ReadFile(filepath.Join(left[0].Dir, "credentials.yml"))
	if err != nil || string(text) != "original\n" {
		t.Fatalf("%q, %v: the leftover should hold the plaintext", text, err)
	}

	// The next Run removes it first.
	q := startProgram(t, ``, spec{Name: "a.yml", Fallback: p.memory})
	if r, _ := q.end(t); r.Err != "" {
		t.Fatal(r.Err)
	}
	wantEmpty(t, p.memory)
	if found, err := Leftovers(o); err != nil || ours(found, p.memory) != nil {
		t.Errorf("leftovers %v, %v", found, err)
	}
}

// ours are those of the leftovers in dir: others may lie in shared memory.
func ours(found []Leftover, dir string) (in []Leftover) {
	for _, l := range found {
		if filepath.Dir(l.Dir) == dir {
			in = append(in, l)
		}
	}
	return in
}

func TestSweepTouchesNothingElse(t *testing.T) {
	dir := t.TempDir()
	target := t.TempDir()
	if err := os.WriteFile(filepath.Join(target, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"other", "flask-vault-edit", "flask-vault-edit-x-1", "flask-vault-edit-12", "flask-vault-edit-12-"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(target, filepath.Join(dir, sessionPrefix+"12-34")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, sessionPrefix+"12-35"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, sessionPrefix+"12-36")
	if err := os.MkdirAll(filepath.Join(dead, "deep", "er"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dead, "deep", "link")); err != nil {
		t.Fatal(err)
	}
	swept, err := Sweep(Options{Fallback: dir, Env: []string{}})
	if in := ours(swept, dir); err != nil || len(in) != 1 || in[0] != (Leftover{Dir: dead, PID: 12}) {
		t.Errorf("swept %v, %v", in, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 7 {
		t.Errorf("%d entries are left, want 7: %v, %v", len(entries), entries, err)
	}
	if !exists(filepath.Join(target, "kept")) {
		t.Error("the target of a link is gone")
	}
}

// TestSweepBesideSessionsThatBegin runs sweeps and sessions against each other:
// no session may lose its directory.
func TestSweepBesideSessionsThatBegin(t *testing.T) {
	dir := t.TempDir()
	o := Options{Text: []byte("a"), Fallback: dir, Env: []string{}}.withDefaults()
	done := make(chan struct{})
	swept := make(chan error)
	go func() {
		for {
			select {
			case <-done:
				swept <- nil
				return
			default:
			}
			if _, err := Sweep(o); err != nil && !errors.Is(err, os.ErrNotExist) {
				swept <- err
				return
			}
		}
	}()
	for range 300 {
		s, err := newSession([]string{dir}, o)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := readBack(s.file); err != nil || string(text) != "a" {
			t.Fatalf("a living session lost its text: %v", err)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	if err := <-swept; err != nil {
		t.Error(err)
	}
	wantEmpty(t, dir)
}

package editor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The two secrets of the tests with real editors: one is in the text from the
// beginning, the other is typed. Neither is ever written to a disk by a test.
const (
	canary = "canary-in-the-document"
	typed  = "canary-that-is-typed"
)

// realEditor is an editor with the configuration of somebody who likes to keep
// everything, and how to work it.
type realEditor struct {
	name   string // what EDITOR says
	needs  string // the program to look for
	config map[string]string
	typing []string // keys that change the text, tmux's names
	save   []string // keys that save and quit
	quit   []string // keys that leave without saving
	// idles says that the configuration makes ~/idle once the editor has had
	// nothing to do for as long as it takes to save a copy.
	idles bool
}

const keepEverything = `set nocompatible
set undofile undodir=~/keep
set backup writebackup backupdir=~/keep
set swapfile directory=~/keep// updatecount=1 updatetime=200
set modeline
autocmd BufReadPost * setlocal swapfile
autocmd BufReadPost,BufWritePre * silent! setlocal undofile
autocmd BufWritePre * set backup
autocmd CursorHold,CursorHoldI * silent !touch ~/idle
`

// Emacs would go on compiling its own libraries into the home after its end.
const noCompiling = "(setq native-comp-deferred-compilation nil native-comp-jit-compilation nil)\n"

var realEditors = []realEditor{
	{
		name: "vim.basic", needs: "vim.basic", idles: true,
		config: map[string]string{".vimrc": keepEverything + "set viminfo='100,<1000,s1000,h viminfofile=~/keep/viminfo\n"},
		typing: []string{"/" + canary, "Enter", "y", "y", "x", "o", typed, "Escape", "y", "y"},
		save:   []string{":wq", "Enter"},
		quit:   []string{":q!", "Enter"},
	},
	{
		name: "vim.tiny", needs: "vim.tiny", idles: true,
		config: map[string]string{".vimrc": keepEverything},
		typing: []string{"/" + canary, "Enter", "y", "y", "x", "o", typed, "Escape", "y", "y"},
		save:   []string{":wq", "Enter"},
		quit:   []string{":q!", "Enter"},
	},
	{
		name: "nvim", needs: "nvim", idles: true,
		config: map[string]string{".config/nvim/init.vim": keepEverything + "set shada='100,<1000,s1000,h shadafile=~/keep/shada\n"},
		typing: []string{"/" + canary, "Enter", "y", "y", "x", "o", typed, "Escape", "y", "y"},
		save:   []string{":wq", "Enter"},
		quit:   []string{":q!", "Enter"},
	},
	{
		name: "nano", needs: "nano",
		config: map[string]string{".nanorc": "set backup\nset backupdir \"~/keep\"\nset historylog\nset positionlog\nset locking\n", ".local/share/nano/.keep": ""},
		typing: []string{"C-w", canary, "Enter", typed},
		save:   []string{"C-o", "Enter", "C-x"},
		quit:   []string{"C-x", "n"},
	},
	{
		name: "emacs -nw", needs: "emacs", idles: true,
		config: map[string]string{".emacs.d/early-init.el": noCompiling, ".emacs": `(setq inhibit-startup-screen t
 make-backup-files t backup-directory-alist '((".*" . "~/keep"))
 auto-save-default t auto-save-timeout 1 auto-save-interval 20
 auto-save-file-name-transforms '((".*" "~/keep/" t))
 savehist-file "~/keep/history" savehist-additional-variables '(kill-ring search-ring))
(savehist-mode 1)
(run-with-idle-timer 2 t (lambda () (write-region "" nil "~/idle")))
`},
		typing: []string{"C-x", "h", "M-w", typed},
		save:   []string{"C-x", "C-s", "C-x", "C-c"},
		quit:   []string{"C-x", "C-c", "n", "yes", "Enter"},
	},
}

// needPrograms skips the test, loudly, if a program is missing, and fails it
// where the environment promises that all are there.
func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
				t.Fatalf("%s is missing, and FLASK_VAULT_INTEROP=1 promises it", name)
			}
			t.Skipf("NOT TESTED: %s is not installed", name)
		}
	}
}

// terminal is a tmux server with one window, and a throw-away home on disk.
type terminal struct {
	t      *testing.T
	base   string // everything on disk
	memory string // what stands for $XDG_RUNTIME_DIR
	socket string
	report string
	self   string // the program, where the user can reach it
	user   []string
}

func newTerminal(t *testing.T, config map[string]string) *terminal {
	t.Helper()
	needPrograms(t, "tmux")
	top, err := os.MkdirTemp("", "flask-vault-test-*")
	if err != nil {
		t.Fatal(err)
	}
	tm := &terminal{t: t, base: filepath.Join(top, "base")}
	sockets, err := os.MkdirTemp("", "tmux") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.MkdirTemp(sharedMemory, "flask-vault-test-*")
	if err != nil {
		t.Fatal(err)
	}
	tm.memory, tm.socket = memory, filepath.Join(sockets, "s")
	tm.report = filepath.Join(sockets, "report")
	tm.self = filepath.Join(sockets, "program")
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", tm.socket, "kill-server").Run() // may be gone already
		for _, dir := range []string{memory, sockets, top} {
			removeInTheEnd(t, dir)
		}
	})
	for _, dir := range []string{"home/keep", "tmp", "work", "run"} {
		if err := os.MkdirAll(filepath.Join(tm.base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Link(self, tm.self) != nil { // another file system
		program, err := os.ReadFile(self)
		if err == nil {
			err = os.WriteFile(tm.self, program, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range config {
		path := filepath.Join(tm.home(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		tm.dropRoot(top, memory, sockets)
	}
	return tm
}

// removeInTheEnd removes a directory into which the shell of a terminal that was
// closed may still write its history: until that has ended, removing can fail.
// Once it has succeeded nothing can be written there any more.
func removeInTheEnd(t *testing.T, dir string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := os.RemoveAll(dir)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Error(err)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// dropRoot makes the terminal one of an ordinary user: nano takes the home of
// root from the system's files and not from $HOME.
func (tm *terminal) dropRoot(dirs ...string) {
	tm.t.Helper()
	needPrograms(tm.t, "setpriv")
	const nobody = 65534
	tm.user = []string{"setpriv", "--reuid", strconv.Itoa(nobody), "--regid", strconv.Itoa(nobody), "--clear-groups", "--"}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || path == tm.self {
				return err
			}
			return os.Chown(path, nobody, nobody)
		})
		if err != nil {
			tm.t.Fatal(err)
		}
	}
}

func (tm *terminal) home() string { return filepath.Join(tm.base, "home") }

// start runs a command in the terminal under an environment of its own.
func (tm *terminal) start(env []string, command ...string) {
	tm.t.Helper()
	args := []string{"-S", tm.socket, "-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "30", "-c", filepath.Join(tm.base, "work"), "--"}
	args = append(args, tm.user...)
	args = append(args, "env", "-i", "HOME="+tm.home(), "PATH="+os.Getenv("PATH"), "TERM=screen", "LANG=C.UTF-8", "SHELL=/bin/sh",
		"TMPDIR="+filepath.Join(tm.base, "tmp"), "XDG_RUNTIME_DIR="+filepath.Join(tm.base, "run"))
	args = append(append(args, env...), command...)
	if out, err := exec.Command("tmux", args...).CombinedOutput(); err != nil {
		tm.t.Fatalf("tmux: %v\n%s", err, out)
	}
}

// edit runs the program that calls Run in the terminal.
func (tm *terminal) edit(editor string, s spec) {
	tm.t.Helper()
	s.Memory, s.Report = []string{tm.memory}, tm.report
	text, err := json.Marshal(s)
	if err != nil {
		tm.t.Fatal(err)
	}
	tm.start([]string{specVariable + "=" + string(text), "EDITOR=" + editor}, tm.self)
}

// shell is edit from the prompt of a shell with job control.
func (tm *terminal) shell(editor string, s spec) {
	tm.t.Helper()
	s.Memory, s.Report, s.Interactive = []string{tm.memory}, tm.report, true
	text, err := json.Marshal(s)
	if err != nil {
		tm.t.Fatal(err)
	}
	tm.start([]string{specVariable + "=" + string(text), "EDITOR=" + editor, "PROGRAM=" + tm.self, "PS1=ready> "}, "bash", "--norc")
	tm.waitForScreen("ready>")
	tm.keys(`"$PROGRAM"`, "Enter")
}

// keys types; what is not the name of a key is typed as it stands.
func (tm *terminal) keys(keys ...string) {
	tm.t.Helper()
	if out, err := exec.Command("tmux", append([]string{"-S", tm.socket, "send-keys"}, keys...)...).CombinedOutput(); err != nil {
		tm.t.Fatalf("tmux: %v\n%s", err, out)
	}
}

func (tm *terminal) screen() string {
	out, err := exec.Command("tmux", "-S", tm.socket, "capture-pane", "-p").CombinedOutput()
	if err != nil {
		return fmt.Sprintf("(%v: %s)", err, out)
	}
	return string(out)
}

func (tm *terminal) waitForScreen(text string) {
	tm.t.Helper()
	tm.waitFor(fmt.Sprintf("%q on the screen", text), func() bool { return strings.Contains(tm.screen(), text) })
}

// waitFor polls and shows the screen if it gives up.
func (tm *terminal) waitFor(what string, ok func() bool) {
	tm.t.Helper()
	defer func() {
		if tm.t.Failed() {
			tm.t.Logf("the screen:\n%s", tm.screen())
		}
	}()
	waitFor(tm.t, what, ok)
}

func (tm *terminal) waitForReport() report {
	tm.t.Helper()
	tm.waitFor("the program to end", func() bool { return exists(tm.report) })
	return readReport(tm.t, tm.report)
}

// pid is that of the program that calls Run.
func (tm *terminal) pid() int {
	tm.t.Helper()
	text, err := os.ReadFile(tm.report + ".pid")
	if err != nil {
		tm.t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		tm.t.Fatal(err)
	}
	return pid
}

// leaks lists the files under dirs that hold a secret.
func leaks(t *testing.T, dirs ...string) (found []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if err == nil && (bytes.Contains(text, []byte(canary)) || bytes.Contains(text, []byte(typed))) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	return found
}

func (tm *terminal) wantNoLeak() {
	tm.t.Helper()
	for _, path := range leaks(tm.t, tm.base, tm.memory) {
		tm.t.Errorf("leaked to %s", path)
	}
	wantEmpty(tm.t, tm.memory)
	wantEmpty(tm.t, filepath.Join(tm.base, "work"))
}

// childrenOf are the processes that descend from one.
func childrenOf(t *testing.T, pid int) (all []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid ...; the name can hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, child), childrenOf(t, child)...)
		}
	}
	return all
}

func TestRealEditorsLeakNothing(t *testing.T) {
	text := "user: ada\npassword: " + canary + "\n"
	forEach := func(t *testing.T, act func(t *testing.T, ed realEditor, tm *terminal)) {
		for _, ed := range realEditors {
			t.Run(ed.name, func(t *testing.T) {
				t.Parallel()
				needPrograms(t, ed.needs)
				tm := newTerminal(t, ed.config)
				tm.edit(ed.name, spec{Name: "credentials.yml", Text: text, Interactive: true})
				tm.waitForScreen(canary)
				tm.keys(ed.typing...)
				tm.waitForScreen(typed)
				act(t, ed, tm)
				tm.wantNoLeak()
			})
		}
	}
	idle := func(ed realEditor, tm *terminal) {
		if ed.idles {
			tm.waitFor("the editor to idle", func() bool { return exists(filepath.Join(tm.home(), "idle")) })
		}
	}
	t.Run("save", func(t *testing.T) {
		forEach(t, func(t *testing.T, ed realEditor, tm *terminal) {
			tm.keys(ed.save...)
			r := tm.waitForReport()
			if r.Err != "" || !r.Changed || r.Sum == sum(text) {
				t.Errorf("report %+v, want a changed text", r)
			}
		})
	})
	t.Run("quit", func(t *testing.T) {
		forEach(t, func(t *testing.T, ed realEditor, tm *terminal) {
			tm.keys(ed.quit...)
			if r := tm.waitForReport(); r.Err != "" || r.Changed || r.Sum != sum(text) {
				t.Errorf("report %+v, want the text unchanged", r)
			}
		})
	})
	t.Run("the editor is killed after idling", func(t *testing.T) {
		forEach(t, func(t *testing.T, ed realEditor, tm *terminal) {
			idle(ed, tm)
			editors := childrenOf(t, tm.pid())
			if len(editors) == 0 {
				t.Fatal("no editor is running")
			}
			for _, pid := range editors {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
					t.Fatal(err)
				}
			}
			if r := tm.waitForReport(); r.Type != "*editor.EditorError" {
				t.Errorf("report %+v, want an *EditorError", r)
			}
		})
	})
	t.Run("the terminal is closed after idling", func(t *testing.T) {
		forEach(t, func(t *testing.T, ed realEditor, tm *terminal) {
			idle(ed, tm)
			if out, err := exec.Command("tmux", "-S", tm.socket, "kill-server").CombinedOutput(); err != nil {
				t.Fatalf("tmux: %v\n%s", err, out)
			}
			// The editor gets the hangup too and may be gone before we have seen ours.
			if r := tm.waitForReport(); r.Type != "*editor.SignalError" && r.Type != "*editor.EditorError" {
				t.Errorf("report %+v, want the end by a signal", r)
			}
		})
	})
	t.Run("terminated", func(t *testing.T) {
		forEach(t, func(t *testing.T, ed realEditor, tm *terminal) {
			if err := syscall.Kill(tm.pid(), syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if r := tm.waitForReport(); r.SignalCode != 143 {
				t.Errorf("report %+v, want the end by SIGTERM", r)
			}
		})
	})
}

// TestTheseEditorsWouldLeak shows that the tests above can fail: the same
// editors with the same configurations, started without us, leave secrets when
// they save and when they are killed after idling.
func TestTheseEditorsWouldLeak(t *testing.T) {
	start := func(t *testing.T, ed realEditor) *terminal {
		t.Helper()
		needPrograms(t, ed.needs)
		tm := newTerminal(t, ed.config)
		file := filepath.Join(tm.memory, "credentials.yml")
		if err := os.WriteFile(file, []byte("user: ada\npassword: "+canary+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o666); err != nil { // whoever the editor runs as
			t.Fatal(err)
		}
		// The shell stays, so that the editor's end can be seen.
		tm.start(nil, "sh", "-c", `"$@"; echo "the editor has ended"; exec sleep 600`, "sh", "env", ed.needs, "--", file)
		tm.waitForScreen(canary)
		tm.keys(ed.typing...)
		tm.waitForScreen(typed)
		return tm
	}
	wantLeak := func(t *testing.T, tm *terminal) {
		t.Helper()
		tm.waitForScreen("the editor has ended")
		if len(leaks(t, tm.base)) == 0 {
			t.Error("nothing leaked, so the configuration keeps less than it should")
		}
	}
	for _, ed := range realEditors {
		t.Run(ed.name+" saves", func(t *testing.T) {
			t.Parallel()
			tm := start(t, ed)
			tm.keys(ed.save...)
			wantLeak(t, tm)
		})
		if !ed.idles {
			continue // it keeps nothing by itself
		}
		t.Run(ed.name+" is killed", func(t *testing.T) {
			t.Parallel()
			tm := start(t, ed)
			tm.waitFor("the editor to idle", func() bool { return exists(filepath.Join(tm.home(), "idle")) })
			out, err := exec.Command("tmux", "-S", tm.socket, "display-message", "-p", "#{pane_pid}").Output()
			if err != nil {
				t.Fatal(err)
			}
			shell, err := strconv.Atoi(strings.TrimSpace(string(out)))
			if err != nil {
				t.Fatal(err)
			}
			for _, pid := range childrenOf(t, shell) {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
					t.Fatal(err)
				}
			}
			wantLeak(t, tm)
		})
	}
}

func TestShowInARealVim(t *testing.T) {
	needPrograms(t, "vim.basic")
	tm := newTerminal(t, nil)
	tm.edit("vim.basic", spec{Name: "credentials.yml", Text: "password: " + canary + "\n", ReadOnly: true, Interactive: true})
	tm.waitForScreen(canary)
	tm.waitForScreen("[readonly]")
	tm.keys(":q", "Enter")
	if r := tm.waitForReport(); r.Err != "" || r.Changed {
		t.Errorf("report %+v", r)
	}
	tm.wantNoLeak()
}

// TestQuestionInATerminal goes through a text that is refused, and Ctrl+C at
// the question.
func TestQuestionInATerminal(t *testing.T) {
	needPrograms(t, "vim.tiny")
	s := spec{Name: "credentials.yml", Text: "password: " + canary + "\n", Forbidden: "bad", Interactive: true}
	refused := func(t *testing.T) *terminal {
		t.Helper()
		tm := newTerminal(t, nil)
		tm.edit("vim.tiny", s)
		tm.waitForScreen(canary)
		tm.keys("i", "bad ", "Escape")
		tm.waitForScreen("bad password")
		tm.keys(":wq", "Enter")
		tm.waitForScreen("(e)dit again, (d)iscard?")
		return tm
	}
	t.Run("corrected", func(t *testing.T) {
		t.Parallel()
		tm := refused(t)
		tm.keys("Enter")
		tm.waitForScreen("bad password: " + canary)
		tm.keys(":s/bad/good/", "Enter")
		tm.waitForScreen("good password")
		tm.keys(":wq", "Enter")
		if r := tm.waitForReport(); r.Sum != sum("good password: "+canary+"\n") {
			t.Errorf("report %+v", r)
		}
		tm.wantNoLeak()
	})
	t.Run("discarded", func(t *testing.T) {
		t.Parallel()
		tm := refused(t)
		tm.keys("d", "Enter")
		if r := tm.waitForReport(); r.Err != ErrDiscarded.Error() {
			t.Errorf("report %+v", r)
		}
		tm.wantNoLeak()
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		tm := refused(t)
		tm.keys("C-c")
		if r := tm.waitForReport(); r.SignalCode != 130 || r.DraftSum == "" {
			t.Errorf("report %+v", r)
		}
		tm.wantNoLeak()
	})
}

// TestEditorDiesWithTheTerminal kills an editor that has made itself the
// terminal's foreground group: we must neither stop nor leave the terminal raw.
func TestEditorDiesWithTheTerminal(t *testing.T) {
	needPrograms(t, "emacs", "bash")
	tm := newTerminal(t, map[string]string{".emacs.d/early-init.el": noCompiling})
	tm.shell("emacs -nw", spec{Name: "a.yml", Text: "password: " + canary + "\n"})
	tm.waitForScreen(canary)
	for _, pid := range childrenOf(t, tm.pid()) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			t.Fatal(err)
		}
	}
	if r := tm.waitForReport(); r.Type != "*editor.EditorError" {
		t.Errorf("report %+v, want an *EditorError", r)
	}
	tm.keys("stty -a", "Enter")
	tm.waitForScreen(" icanon")
	tm.wantNoLeak()
}

// TestSuspend checks that Ctrl+Z in vim stops us with it and that we go on when
// the shell says so.
func TestSuspend(t *testing.T) {
	needPrograms(t, "vim.tiny", "bash")
	tm := newTerminal(t, nil)
	tm.shell("vim.tiny", spec{Name: "a.yml", Text: "password: " + canary + "\n"})
	tm.waitForScreen(canary)
	tm.keys("C-z")
	tm.waitForScreen("Stopped")
	tm.keys("fg", "Enter")
	tm.waitForScreen(canary)
	tm.keys("x", ":wq", "Enter")
	if r := tm.waitForReport(); r.Sum != sum("assword: "+canary+"\n") {
		t.Errorf("report %+v", r)
	}
	tm.wantNoLeak()
}

package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// terminal is a shell in a terminal, which tmux draws.
type terminal struct {
	t      *testing.T
	socket string
	dir    string // the shell's working directory
	home   string
	run    string // XDG_RUNTIME_DIR
}

// patience is how long the screen may take to show what is waited for.
const patience = 30 * time.Second

// newTerminal starts a shell in a new vault's directory. Its prompt is "ready>".
func newTerminal(t *testing.T) *terminal {
	t.Helper()
	_, err := exec.LookPath("tmux")
	requires(t, err, "tmux")
	top := t.TempDir()
	s := &terminal{t: t, dir: filepath.Join(top, "shop"), home: filepath.Join(top, "home"), run: filepath.Join(top, "run")}
	for _, dir := range []string{s.dir, s.home, s.run} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// A socket's path has to be short, which a test's directory is not always.
	sockets, err := os.MkdirTemp("", "tmux")
	if err != nil {
		t.Fatal(err)
	}
	s.socket = filepath.Join(sockets, "s")
	t.Cleanup(func() {
		_ = s.command("kill-server").Run()
		_ = os.RemoveAll(sockets)
	})
	s.tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", "-c", s.dir,
		"env", "-i", "HOME="+s.home, "XDG_RUNTIME_DIR="+s.run, "PATH="+os.Getenv("PATH"), "LANG=C.UTF-8", "TERM=screen",
		"EDITOR=vim", "PS1=ready> ", "sh", "-i")
	s.wait("ready>")
	return s
}

func (s *terminal) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-u", "-S", s.socket}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "HOME="+s.home)
	return cmd
}

func (s *terminal) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// keys types keys as tmux calls them: "Enter", "Escape", or text.
func (s *terminal) keys(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys", "-t", ":0", "--"}, keys...)...)
}

func (s *terminal) screen() string { return s.tmux("capture-pane", "-p", "-t", ":0") }

// wait waits until the screen shows all of the texts, and returns it.
func (s *terminal) wait(texts ...string) string {
	s.t.Helper()
	return s.until(fmt.Sprintf("shows %q", texts), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

func (s *terminal) until(what string, good func(screen string) bool) string {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		screen := s.screen()
		if good(screen) {
			return screen
		}
		if time.Now().After(end) {
			s.t.Fatalf("the screen never %s:\n%s", what, screen)
		}
	}
}

// sh clears the screen, runs a command line and waits for its end. It returns
// the screen and fails unless the command ended with that exit code.
func (s *terminal) sh(line string, code int) string {
	s.t.Helper()
	s.start(line)
	return s.wait(fmt.Sprintf("ended with %d.", code))
}

// start is sh for a command that goes on.
func (s *terminal) start(line string) {
	s.t.Helper()
	s.keys("clear", "Enter")
	s.until("is cleared", func(screen string) bool { return strings.TrimSpace(screen) == "ready>" })
	// The echo of the line itself must not look like the end.
	s.keys(line+"; echo ended with $?''.", "Enter")
}

// noTrace fails if the text stands readable in any file that an editor or the
// program may have left, or the name of such a file is there.
func (s *terminal) noTrace(secret string) {
	s.t.Helper()
	tops, err := filepath.Glob("/dev/shm/flask-vault-edit-*") // may be those of other tests
	if err != nil {
		s.t.Fatal(err)
	}
	for _, top := range append(tops, s.dir, s.home, s.run) {
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if strings.HasPrefix(path, filepath.Dir(s.dir)) && strings.Contains(entry.Name(), "flask-vault-edit") || strings.HasSuffix(entry.Name(), ".swp") {
				s.t.Errorf("%s is left", path)
			}
			if !entry.Type().IsRegular() {
				return nil
			}
			content, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if bytes.Contains(content, []byte(secret)) {
				s.t.Errorf("%s holds the secret", path)
			}
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestVimInATerminal(t *testing.T) {
	_, err := exec.LookPath("vim")
	requires(t, err, "vim")
	s := newTerminal(t)
	// A configuration that would keep the plaintext everywhere.
	write(t, s.home, ".vimrc", "set swapfile undofile backup writebackup viminfo='100,n~/.viminfo directory=~ undodir=~ backupdir=~\n")
	s.sh("flask-vault init -q", 0)

	// Unlike any other, since memory-backed storage is shared with other tests.
	secret := "s3cret-" + rand.Text()

	// Write a secret, look at it while the editor is open, save, get it.
	s.start("flask-vault edit")
	s.wait("credentials.yml")
	s.keys("G", "o", "db.password: "+secret, "Escape")
	s.wait("db.password: " + secret)
	s.keys(":wq", "Enter")
	s.wait("is saved", "ended with 0.")
	s.noTrace(secret)
	if got := run(t, s.dir, "get", "db.password"); got.stdout != secret+"\n" {
		t.Fatalf("get gives %q, %s", got.stdout, got.stderr)
	}
	if screen := s.sh("flask-vault get db.password", 0); !strings.Contains(screen, "\n"+secret+"\n") {
		t.Errorf("get on a terminal shows\n%s", screen)
	}
	before := readFile(t, s.dir, "credentials.yml.enc")

	// show is the same editor for reading alone: nothing written comes back.
	s.start("flask-vault show")
	s.wait("db.password: " + secret)
	s.keys(":set readonly?", "Enter")
	s.until("says readonly", func(screen string) bool {
		lines := strings.Split(strings.TrimSpace(screen), "\n")
		return strings.HasPrefix(strings.TrimSpace(lines[len(lines)-1]), "readonly")
	})
	s.keys("G", "o", "more: text", "Escape", ":w", "Enter")
	s.wait("E45") // 'readonly' option is set
	s.keys(":q!", "Enter")
	s.wait("ended with 0.")
	s.noTrace(secret)

	// Leaving with :cq saves nothing and says so.
	s.start("flask-vault edit")
	s.wait("db.password: " + secret)
	s.keys("G", "o", "more: text", "Escape", ":w", "Enter")
	s.wait("written")
	s.keys(":cq", "Enter")
	s.wait("nothing saved", "ended with 9.")

	// What does not parse is told, and the editor opens again with it.
	s.start("flask-vault edit")
	s.wait("db.password: " + secret)
	s.keys("G", "o", "smtp: @bad-s3cret", "Escape", ":wq", "Enter")
	question := s.wait("(e)dit again, (d)iscard?")
	if !strings.Contains(question, "column 7") || strings.Contains(question, "bad-s3cret") {
		t.Errorf("the question should say where and nothing of the text:\n%s", question)
	}
	s.keys("e", "Enter")
	s.wait("smtp: @bad-s3cret")
	s.keys(":q!", "Enter")
	s.wait("(e)dit again, (d)iscard?")
	s.keys("d", "Enter")
	s.wait("ended with 9.")
	s.noTrace(secret)
	if !bytes.Equal(before, readFile(t, s.dir, "credentials.yml.enc")) {
		t.Error("the vault has changed")
	}
}

// TestTerminal: what a secret or a file holds is shown on a terminal and never
// obeyed by it; through a pipe it is what it is.
func TestTerminal(t *testing.T) {
	s := newTerminal(t)
	s.sh("flask-vault init -q", 0)
	const hostile = "\x1b]0;owned\x07\x1b[2J\u202eright"
	write(t, s.dir, "new.yml", `a: "\e]0;owned\a\e[2J`+"\u202e"+`right"`+"\n")
	write(t, s.dir, "text", hostile+"\n")
	write(t, s.dir, "binary", "\x00\x01\xff")
	s.sh("EDITOR='cp new.yml' flask-vault edit -q; flask-vault encrypt -q text; flask-vault encrypt -q binary", 0)

	title := s.tmux("display-message", "-p", "-t", ":0", "#{pane_title}")
	const shown = `\x1b]0;owned\x07\x1b[2J\u202eright`
	for _, line := range []string{"flask-vault get a", "flask-vault decrypt text.enc"} {
		if screen := s.sh(line, 0); !strings.Contains(screen, shown) {
			t.Errorf("%s shows\n%s\nwant %s", line, screen, shown)
		}
		s.sh(line+" | cat >out", 0)
		if got := string(readFile(t, s.dir, "out")); got != hostile+"\n" {
			t.Errorf("%s gives %q through a pipe", line, got)
		}
	}
	if screen := s.sh("flask-vault decrypt binary.enc", 10); !strings.Contains(screen, "hint: flask-vault decrypt binary.enc -o FILE writes it to a file") {
		t.Errorf("binary content is not refused with a hint:\n%s", screen)
	}
	s.sh("flask-vault decrypt binary.enc >out", 0)
	if got := string(readFile(t, s.dir, "out")); got != "\x00\x01\xff" {
		t.Errorf("decrypt into a file gives %q", got)
	}
	if screen := s.sh("flask-vault --no-input show", 0); !strings.Contains(screen, `a: "\e]0;owned`) {
		t.Errorf("show without an editor shows\n%s", screen)
	}
	if after := s.tmux("display-message", "-p", "-t", ":0", "#{pane_title}"); after != title {
		t.Errorf("the terminal's title became %q", after)
	}
}

// TestSetAsks: without another source set asks on the terminal, which does not
// show what is typed.
func TestSetAsks(t *testing.T) {
	s := newTerminal(t)
	s.sh("flask-vault init -q", 0)
	tty := strings.TrimSpace(s.tmux("display-message", "-p", "-t", ":0", "#{pane_tty}"))
	const typed = "typed-s3cret"
	s.start("flask-vault set db.password")
	s.wait("value of db.password:")
	s.until("is read without an echo", func(string) bool {
		out, err := exec.Command("sh", "-c", `stty -a <"$0"`, tty).CombinedOutput()
		if err != nil {
			t.Fatalf("stty: %v\n%s", err, out)
		}
		return strings.Contains(string(out), "-echo ")
	})
	s.keys(typed, "Enter")
	if screen := s.wait("ended with 0."); strings.Contains(screen, typed) {
		t.Errorf("the value is shown:\n%s", screen)
	}
	if screen := s.sh("flask-vault get db.password", 0); !strings.Contains(screen, typed) {
		t.Errorf("another value was stored:\n%s", screen)
	}
}

// TestInterruptEndsTheWait holds that a command which waits for a person, or for
// whoever writes to its standard input, ends on Ctrl-C, leaves the terminal as it
// was, and changes nothing.
func TestInterruptEndsTheWait(t *testing.T) {
	s := newTerminal(t)
	s.sh("flask-vault init -q; flask-vault set -q k --generate", 0)
	before, err := os.ReadFile(filepath.Join(s.dir, "credentials.yml.enc"))
	if err != nil {
		t.Fatal(err)
	}
	s.start("flask-vault set k")
	s.wait("value of k:")
	s.keys("C-c")
	s.wait("nothing is changed: interrupted", "ended with 130.")
	s.start("flask-vault set k")
	s.wait("value of k:")
	s.keys("Enter")
	s.wait("no value was typed, nothing is changed", "ended with 9.")
	for _, command := range []string{"set k -", "import - --format json", "encrypt -", "encrypt - -o new.enc", "decrypt -"} {
		for try, heard := 1, false; !heard; try++ {
			if try > 10 {
				t.Fatalf("%s never hears of an interrupt", command)
			}
			s.start("flask-vault " + command)
			s.until("has the typed line twice, as no shell has", func(screen string) bool {
				s.keys("typed", "Enter")
				return strings.Count(screen, "typed\n") > 1
			})
			s.keys("C-c")
			s.until("tells of the interrupt", func(screen string) bool {
				heard = strings.Contains(screen, "interrupted") && strings.Contains(screen, "ended with 130.")
				// A busy machine may not have brought the program to where it waits. Then
				// it is killed as any other, and the shell forgets the rest of the line.
				return heard || strings.HasSuffix(strings.TrimSpace(screen), "\nready>") && !strings.Contains(screen, "ended with 130.")
			})
		}
	}
	s.sh("stty -a | grep -q ' echo '", 0)
	after, err := os.ReadFile(filepath.Join(s.dir, "credentials.yml.enc"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the vault changed: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(s.dir, "new.enc")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("new.enc: %v", err)
	}
}

//go:build unix

package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/flask-vault/flask-vault/cmd/internal/redact"
)

// The test binary runs itself as a program that calls Run when this is set to
// a spec as JSON.
const specVariable = "CHILD_TEST_SPEC"

type spec struct {
	Script string
	Filter bool
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(specVariable); ok {
		os.Exit(runSpec(text))
	}
	os.Exit(m.Run())
}

func runSpec(text string) int {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	c := Command{
		Path: "/bin/sh", Args: []string{"sh", "-c", s.Script}, Env: []string{"PATH=" + os.Getenv("PATH"), "TERM=xterm"},
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Signals: Watch(),
	}
	defer c.Signals.Stop()
	if s.Filter {
		p := redact.Compile([]string{"hunter22"})
		c.Filter = func(w io.Writer) io.WriteCloser { return p.NewWriter(w) }
	}
	code, err := Run(c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 101
	}
	return code
}

// onTerminal is the program above on a terminal that the test holds.
type onTerminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	tty    *os.File

	mu   sync.Mutex
	text bytes.Buffer
}

// start runs the spec on a terminal of 40 columns and 10 rows; change may
// redirect streams.
func start(t *testing.T, s spec, change func(*exec.Cmd)) *onTerminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	o := &onTerminal{t: t, master: master, tty: tty}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 10, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	o.cmd = exec.Command(os.Args[0])
	o.cmd.Env = append(os.Environ(), specVariable+"="+string(text))
	o.cmd.Stdin, o.cmd.Stdout, o.cmd.Stderr = tty, tty, tty
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	if change != nil {
		change(o.cmd)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b := make([]byte, 1024)
		for {
			n, err := master.Read(b)
			o.mu.Lock()
			o.text.Write(b[:n])
			o.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = o.cmd.Process.Kill()
		_ = tty.Close()
		<-read // the other side is closed now
		_ = master.Close()
	})
	return o
}

func (o *onTerminal) shown() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *onTerminal) wait(text string) {
	o.t.Helper()
	for end := time.Now().Add(60 * time.Second); !strings.Contains(o.shown(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			o.t.Fatalf("%q was never shown, but %q", text, o.shown())
		}
	}
}

func (o *onTerminal) typed(keys string) {
	o.t.Helper()
	if _, err := o.master.WriteString(keys); err != nil {
		o.t.Fatal(err)
	}
}

func (o *onTerminal) ends(code int) {
	o.t.Helper()
	err := o.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	}
	if got := exitCode(o.cmd.ProcessState); got != code {
		o.t.Errorf("exit code %d, want %d; shown: %q", got, code, o.shown())
	}
}

const sees = `test -t 0 && printf 'in '; test -t 1 && printf 'out '; test -t 2 && printf 'err '; `

func TestTerminalStays(t *testing.T) {
	o := start(t, spec{Filter: true, Script: sees + `stty size; printf '\033[31mhunter22\033[0m|\n'; echo hunter22 >&2; read line; echo "got $line"; exit 9`}, nil)
	before, err := term.GetState(int(o.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	o.wait("in out err 10 40")
	o.wait("\033[31m[redacted]\033[0m|")
	o.typed("hunter22 typed\r")
	o.wait("got [redacted] typed")
	o.ends(9)
	if strings.Contains(o.shown(), "hunter") {
		t.Errorf("shown: %q", o.shown())
	}
	after, err := term.GetState(int(o.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(*before) != fmt.Sprint(*after) {
		t.Errorf("the terminal is left as %v, it was %v", *after, *before)
	}
}

func TestTerminalResize(t *testing.T) {
	o := start(t, spec{Filter: true, Script: `trap 'stty size; exit 4' WINCH; echo ready; while :; do sleep 0.05; done`}, nil)
	o.wait("ready")
	if err := pty.Setsize(o.master, &pty.Winsize{Rows: 20, Cols: 77}); err != nil {
		t.Fatal(err)
	}
	o.wait("20 77")
	o.ends(4)
}

func TestInterruptKey(t *testing.T) {
	for _, filter := range []bool{true, false} {
		o := start(t, spec{Filter: filter, Script: `n=0; trap 'n=$((n+1)); echo int $n' INT; trap 'exit $n' TERM; echo ready; while :; do sleep 0.05; done`}, nil)
		o.wait("ready")
		o.typed("\x03")
		o.wait("int 1")
		// A signal to the process itself is passed on behind the key's.
		if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		o.ends(1) // one interrupt, not two
	}
}

func TestSomeStreamsRedirected(t *testing.T) {
	in, err := os.CreateTemp(t.TempDir(), "in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, tc := range []struct {
		name   string
		change func(*exec.Cmd)
		want   string
	}{
		{"input from a file", func(c *exec.Cmd) { c.Stdin = in }, "out err ."},
		{"errors to a file", func(c *exec.Cmd) { c.Stderr, c.SysProcAttr.Ctty = out, 1 }, "in out ."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := start(t, spec{Filter: true, Script: sees + "echo .; echo hunter22 >&2"}, tc.change)
			o.wait(tc.want)
			o.ends(0)
			if strings.Contains(o.shown(), "hunter22") {
				t.Errorf("shown: %q", o.shown())
			}
		})
	}
	text, err := os.ReadFile(out.Name())
	if err != nil || string(text) != "[redacted]\n" {
		t.Errorf("the file of errors has %q, %v", text, err)
	}
}

func TestOneFileKeepsTheOrder(t *testing.T) {
	text, err := json.Marshal(spec{Filter: true, Script: `for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done`})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), specVariable+"="+string(text))
	got, err := cmd.CombinedOutput()
	const want = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nout 4\nerr 4\nout 5\nerr 5\n"
	if err != nil || string(got) != want {
		t.Errorf("%v: %q", err, got)
	}
}

func TestStartCode(t *testing.T) {
	for name, want := range map[string]int{"no-such-program": NotFound, "./none": NotFound, "/": NotStarted, "./child.go": NotStarted} {
		if _, err := Find(name); err == nil || StartCode(err) != want {
			t.Errorf("%s: %v, code %d, want %d", name, err, StartCode(err), want)
		}
	}
}

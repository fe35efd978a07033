package editor

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
	"golang.org/x/term"
)

// endSignal cannot be sent on Windows; the editor is ended by force.
const endSignal = syscall.SIGTERM

// watched: Go delivers Ctrl+C as SIGINT and a closing console as SIGTERM.
func watched() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM} }

func fromKeyboard(s os.Signal) bool { return s == syscall.SIGINT }

func endedBy(*os.ProcessState) os.Signal { return nil }

// splitWords splits as Windows programs do, so that a backslash is itself.
func splitWords(s string) ([]string, error) { return windows.DecomposeCommandLine(s) }

func sameVariable(a, b string) bool { return strings.EqualFold(a, b) }

func openNoFollow(path string) (*os.File, error) { return os.Open(path) }

func withoutCoreDumps() func() { return func() {} }

func ownsTerminal(fd int) bool { return term.IsTerminal(fd) }

func takeTerminal(int) {}

// Package crash is the end of a program that has a mistake.
//
// What Go itself prints then, the value of the panic and the stack of every call,
// can hold a secret or a part of one. [Report] prints a sentence instead, and the
// program ends in order: what was deferred has run, so that temporary files and
// private directories are gone.
package crash

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// ExitCode is that of docs/exit-codes.md for a mistake in the program.
const ExitCode = 1

const module = "github.com/flask-vault/flask-vault/"

// Report is to be deferred by main, before anything else. After a panic it tells the
// person so on w, in the name of the program, and sets code to [ExitCode]. Of the panic
// it shows the function and the line alone.
func Report(w io.Writer, program string, code *int) {
	if recover() == nil {
		return
	}
	*code = ExitCode
	fmt.Fprintf(w, "%s: stopped by a mistake in the program, at %s\n", program, place())
	fmt.Fprintln(w, "hint: what was being written is as it was before or whole; please report this with the line above and the output of flask-vault version")
}

// place is where the panic began, as "backend.(*Vault).Edit:123".
func place() string {
	var pcs [256]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	found, panicked := "a place that is not known", false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true // of several, the last in the list is the first that was
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			found, panicked = fmt.Sprintf("%s:%d", strings.TrimPrefix(f.Function, module), f.Line), false
		}
		if !more {
			return found
		}
	}
}

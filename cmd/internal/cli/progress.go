package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	progressFrom  = 32 << 20 // bytes; less is done before anybody would read a bar
	progressEvery = 100 * time.Millisecond
	progressWidth = 30 // characters, of the bar alone
)

// progressBar shows on standard error how far a long work is, for a person.
type progressBar struct {
	to    *os.File // nil if there is nobody to see it
	doing string
	off   bool

	began, shown time.Time
	drawn        bool
}

func (a *app) progressBar(doing string) *progressBar {
	b := &progressBar{doing: doing, began: time.Now()}
	if f, ok := a.err.(*os.File); ok && !a.quiet && isTerminal(f) {
		b.to = f
	}
	return b
}

// show is for backend.FileOptions.Progress.
func (b *progressBar) show(done, total int64) {
	now := time.Now()
	if b.to == nil || b.off || max(done, total) < progressFrom || now.Sub(b.shown) < progressEvery {
		return
	}
	b.shown, b.drawn = now, true
	width, _, err := term.GetSize(int(b.to.Fd()))
	if err != nil {
		width = 80
	}
	line := progressLine(b.doing, done, total, now.Sub(b.began))
	// The last column stays free, since a terminal may wrap after it.
	line = line[:min(len(line), max(0, width-1))]
	fmt.Fprintf(b.to, "\r%s\x1b[K", line)
}

// clear takes the bar away.
func (b *progressBar) clear() {
	if b.drawn {
		b.drawn = false
		fmt.Fprint(b.to, "\r\x1b[K")
	}
}

// progressLine is what a bar looks like after so much time. Its characters are
// all of ASCII.
func progressLine(doing string, done, total int64, took time.Duration) string {
	const mib = 1 << 20
	rate := float64(done) / mib / max(took.Seconds(), 0.001)
	if total < done {
		return fmt.Sprintf("%s %d MiB  %.0f MiB/s", doing, done/mib, rate)
	}
	part := float64(done) / float64(total)
	full := int(part * progressWidth)
	left := time.Duration(float64(took) * (1 - part) / max(part, 0.001)).Round(time.Second)
	return fmt.Sprintf("%s [%s%s] %3.0f %%  %.0f MiB/s  %v left", doing,
		strings.Repeat("#", full), strings.Repeat("-", progressWidth-full), 100*part, rate, left)
}

// outputWriter is standard output, with errors that say so.
type outputWriter struct{ to io.Writer }

func (w outputWriter) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	if err != nil {
		err = &outputError{err}
	}
	return n, err
}

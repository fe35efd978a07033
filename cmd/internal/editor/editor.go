package editor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/flask-vault/flask-vault/cmd/internal/private"
)

// MaxSize is the most bytes of text that an editor can be given or can give back.
const MaxSize = 64 << 20

// Options say what to edit and how to talk to the person.
type Options struct {
	// Name is the name of the document, such as "credentials.yml". The person
	// sees its last element as the file's name, so the editor knows the syntax.
	Name string
	// Text is the plaintext to begin with.
	Text []byte
	// ReadOnly is for looking only: the file has mode 0400 and is not read back.
	ReadOnly bool
	// Check, if set, says whether a changed text may be saved. Its error is
	// shown to the person and must hold no part of the text.
	Check func(text []byte) error
	// Fallback is the directory for the plaintext where no memory-backed one
	// can be had. It is made with mode 0700 if missing, and using it is warned
	// about. Empty means to fail instead.
	Fallback string
	// Env is the environment of the editor, as KEY=value. VISUAL, EDITOR and
	// XDG_RUNTIME_DIR are looked up in it; programs are searched for in the PATH
	// of this process. Nil means os.Environ(). Leave out what holds a key.
	Env []string
	// In, Out and Err are the person's streams. The editor gets those that are
	// an *os.File. Questions, warnings and hints go to Err, answers come from In.
	In       io.Reader
	Out, Err io.Writer
	// Interactive says that a person is there to answer questions.
	Interactive bool
}

// Result is what an editor left.
type Result struct {
	// Text is the text after editing; it is the original one if not Changed.
	Text []byte
	// Changed says whether Text differs from the original in any byte.
	Changed bool
}

// Run lets the person edit o.Text and returns the text they left.
//
// Every error means that there is nothing to save: a *[CommandError] if no
// editor can be started, an *[EditorError] if it failed, an *[InvalidError] if
// Check refused the text and nobody could correct it, [ErrDiscarded] if the
// person gave up, [ErrEmptied] if the text was emptied and nobody could confirm
// that, an error that wraps [ErrNotTaken] if the file could not be read back,
// and a *[SignalError] if SIGTERM, SIGHUP or, at a question, SIGINT ended the
// session.
//
// While it runs, Run handles SIGINT, SIGQUIT, SIGTERM and SIGHUP. An interrupt
// belongs to the editor that owns the terminal, so ctx should not end on one.
// When ctx ends, the editor is ended and the cause returned.
func Run(ctx context.Context, o Options) (Result, error) {
	o = o.withDefaults()
	return run(ctx, o, private.MemoryDirs(o.getenv("XDG_RUNTIME_DIR")))
}

// run is Run with the memory-backed directories to try in order.
func run(ctx context.Context, o Options, memory []string) (res Result, err error) {
	if len(o.Text) > MaxSize {
		return Result{}, fmt.Errorf("the document has %d bytes, an editor is given at most %d", len(o.Text), MaxSize)
	}
	cmd, err := findCommand(o.getenv)
	if err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, context.Cause(ctx)
	}
	// A leftover that cannot be removed now must not keep anybody from their
	// work; doctor reports it.
	_, _ = Sweep(o)

	signals := watchSignals()
	defer signals.stop() // after the removal below
	s, err := newSession(memory, o)
	if err != nil {
		return Result{}, err
	}
	defer s.remove(o.Err)

	e := &editing{o: o, cmd: cmd, session: s, signals: signals}
	res, err = e.loop(ctx)
	if sig := signals.pending(); sig != nil && err == nil {
		return Result{}, &SignalError{Signal: sig, draft: draftOf(res.Text, o.Text)}
	}
	return res, err
}

// editing is one call of Run under way.
type editing struct {
	o       Options
	cmd     command
	session *session
	signals *signalWatch
	hinted  bool
}

// loop starts the editor until its text is good or the person gives up.
func (e *editing) loop(ctx context.Context) (Result, error) {
	unchanged := Result{Text: e.o.Text}
	before := e.o.Text
	for {
		quick, err := e.start(ctx)
		if err != nil {
			return Result{}, e.withDraft(err)
		}
		if e.o.ReadOnly {
			e.hint(quick && e.cmd.detaches)
			return unchanged, nil
		}
		text, err := readBack(e.session.file)
		if err != nil {
			return Result{}, err
		}
		e.hint(quick && !e.cmd.terminal && bytes.Equal(text, before))
		if bytes.Equal(text, e.o.Text) {
			return unchanged, nil
		}
		before = text
		again, err := e.judge(ctx, text)
		if err != nil {
			return Result{}, err
		}
		if !again {
			return Result{Text: text, Changed: true}, nil
		}
	}
}

// judge decides what becomes of a changed text: nil and false to save it, true
// to edit again.
func (e *editing) judge(ctx context.Context, text []byte) (again bool, err error) {
	if blank(text) && !blank(e.o.Text) {
		if !e.o.Interactive {
			return false, ErrEmptied
		}
		switch answer, err := e.ask(ctx, "The document is empty now. Save it so: (y)es, (e)dit again, (d)iscard?", "eyd"); {
		case err != nil:
			return false, orElse(err, ErrEmptied)
		case answer == 'e':
			return true, nil
		case answer == 'd':
			return false, ErrDiscarded
		}
	}
	if e.o.Check == nil {
		return false, nil
	}
	bad := e.o.Check(text)
	if bad == nil {
		return false, nil
	}
	invalid := &InvalidError{Err: bad, draft: draftOf(text, nil)}
	if !e.o.Interactive {
		return false, invalid
	}
	fmt.Fprintf(e.o.Err, "%v\n", bad)
	switch answer, err := e.ask(ctx, "Not saved: (e)dit again, (d)iscard?", "ed"); {
	case err != nil:
		var sig *SignalError
		if errors.As(err, &sig) {
			sig.draft = invalid.draft
		}
		return false, orElse(err, invalid)
	case answer == 'd':
		return false, ErrDiscarded
	}
	return true, nil
}

// orElse is other where the person's input has ended, else err.
func orElse(err, other error) error {
	if errors.Is(err, io.EOF) {
		return other
	}
	return err
}

// withDraft gives an error of the editor the changed text, if there is one.
func (e *editing) withDraft(err error) error {
	if e.o.ReadOnly {
		return err
	}
	text, readErr := readBack(e.session.file)
	if readErr != nil {
		return err
	}
	d := draftOf(text, e.o.Text)
	var failed *EditorError
	var sig *SignalError
	switch {
	case errors.As(err, &failed):
		failed.draft = d
	case errors.As(err, &sig):
		sig.draft = d
	}
	return err
}

// hint tells, once, about editors that return before the person is done.
func (e *editing) hint(due bool) {
	if !due || e.hinted {
		return
	}
	e.hinted = true
	name := "code"
	if e.cmd.detaches {
		name = e.cmd.name()
	}
	fmt.Fprintf(e.o.Err, "hint: the editor returned at once. One that opens a window must be told to wait, for example EDITOR=\"%s --wait\"\n", name)
}

// blank says whether there is nothing but white space in text.
func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

func (o Options) withDefaults() Options {
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.In == nil {
		o.In = strings.NewReader("")
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	return o
}

// getenv is the last value of key in o.Env, as a process would see it.
func (o Options) getenv(key string) string {
	for i := len(o.Env) - 1; i >= 0; i-- {
		if name, value, ok := strings.Cut(o.Env[i], "="); ok && sameVariable(name, key) {
			return value
		}
	}
	return ""
}

// fileName is the name of the plaintext file for a document's name.
func fileName(name string) string {
	base := filepath.Base(name)
	if base == "." || base == ".." || base == string(filepath.Separator) || strings.ContainsRune(base, 0) {
		return "document"
	}
	return base
}

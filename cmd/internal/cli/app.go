package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/cmd/internal/crash"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

// app is one run of the program: its streams and what the global flags say.
type app struct {
	name string // how the person calls us: "flask-vault" or "flask vault"
	in   *os.File
	out  *os.File
	err  io.Writer

	signals   *signalContext // nil in tests
	overrides config.Overrides
	quiet     bool
	noInput   bool
	readOnly  bool // the key that was found is for reading alone
	fresh     bool // no copy takes the place of a store that is down: something is to be changed
	told      map[string]bool

	onStale func(url string, s lastgood.Stale) // is told of copies in place of standard error, nil where that is read
}

// Main runs the program with the process's own arguments and returns its exit code.
func Main() (code int) {
	defer crash.Report(os.Stderr, "flask-vault", &code)
	_ = launch.Undumpable() // before there is a key; an old or strange kernel is no reason to fail
	ctx := newSignalContext()
	defer ctx.stop()
	a := &app{name: "flask-vault", in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: ctx}
	args := os.Args[1:]
	if calledAsFlask(os.Args[0]) {
		a.name = "flask vault"
		at := slices.Index(args, "vault")
		// The shell's completion asks "flask __complete vault get …".
		if at != 0 && !(at == 1 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd)) {
			return a.fail(&usageError{msg: "this flask answers \"flask vault COMMAND\" alone", hint: "flask vault help"})
		}
		args = slices.Delete(slices.Clone(args), at, at+1)
	}
	if done, err := a.textconvOnly(ctx, args); done {
		return a.fail(err)
	}
	root := a.root(args)
	root.SetArgs(args)
	return a.fail(root.ExecuteContext(ctx))
}

func calledAsFlask(arg0 string) bool {
	return strings.TrimSuffix(filepath.Base(arg0), ".exe") == "flask"
}

// note tells the person something on standard error, unless -q is given.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// print writes a value to standard output. A full disk or a closed pipe is an error.
func (a *app) print(text []byte) error {
	if _, err := a.out.Write(text); err != nil {
		return &outputError{err}
	}
	return nil
}

// outputError says that standard output did not take what was printed.
type outputError struct{ err error }

func (e *outputError) Error() string {
	cause := e.err
	if inner := errors.Unwrap(cause); inner != nil {
		cause = inner
	}
	return "standard output: " + cause.Error()
}

func (e *outputError) Unwrap() error { return e.err }

func (a *app) outIsTerminal() bool { return isTerminal(a.out) }

// interactive reports whether a person is there to answer and to use an editor.
func (a *app) interactive() bool {
	return !a.noInput && isTerminal(a.in) && a.outIsTerminal()
}

// vault is a resolved configuration and what to open it with.
type vault struct {
	*config.Config
	options backend.Options
}

func (a *app) resolve() (*vault, error) {
	a.overrides.Plugins, a.overrides.Stores = a.pluginOptions(), a.openStore
	c, err := config.Resolve(a.overrides)
	if err != nil {
		return nil, err
	}
	o, err := c.Options()
	if err != nil {
		return nil, err
	}
	return &vault{Config: c, options: o}, nil
}

// open opens the environment's own vault.
func (a *app) open(ctx context.Context) (*vault, *backend.Vault, error) {
	var v *backend.Vault
	c, err := a.steady(ctx, func(c *vault) (err error) {
		v, err = backend.Open(ctx, c.options)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	a.noteReadOnly(v.Cipher)
	return c, v, nil
}

// openToWrite is open for a command that saves: a key that is for reading alone
// is refused at once.
func (a *app) openToWrite(ctx context.Context) (*vault, *backend.Vault, error) {
	quiet := a.quiet
	a.quiet = true // the refusal says what the note would
	a.fresh = true
	c, v, err := a.open(ctx)
	a.quiet = quiet
	if err == nil && v.ReadOnly() {
		err = fmt.Errorf("%s: %w", v.Name(), backend.ErrReadOnlyKey)
	}
	return c, v, err
}

// read opens the environment as it is read, with its local file and its base.
func (a *app) read(ctx context.Context) (*vault, backend.Layers, error) {
	var layers backend.Layers
	c, err := a.steady(ctx, func(c *vault) (err error) {
		layers, err = c.OpenLayers(ctx)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	a.noteReadOnly(layers[0].Cipher)
	return c, layers, nil
}

// recover finishes or forgets a rekey that was interrupted, and says so.
func (a *app) recover(ctx context.Context, c *vault) error {
	switch outcome, err := c.Recover(ctx); {
	case err != nil:
		return err
	case outcome == rekey.Undone:
		a.note("note: a rekey was interrupted before it changed anything; it is forgotten")
	case outcome == rekey.Finished:
		a.note("note: a rekey was interrupted; it is finished now")
	}
	return nil
}

// saved tells the person what was written, and under which key.
func (a *app) saved(c *vault, v *backend.Vault) {
	a.note("%s is saved (environment %s, key %s)", oneLine(v.Name()), c.Environment, v.KeyID())
}

// cipher finds the key alone, for files and streams that need no vault.
func (a *app) cipher(ctx context.Context) (*vault, *backend.Cipher, error) {
	c, err := a.resolve()
	if err != nil {
		return nil, nil, err
	}
	if err := a.recover(ctx, c); err != nil {
		return nil, nil, err
	}
	key, err := backend.FindKey(ctx, c.options)
	return c, key, err
}

func (a *app) noteReadOnly(c *backend.Cipher) {
	a.readOnly = c.ReadOnly()
	if a.readOnly {
		a.note("note: this vault's key is not a 128-bit key, so it can be read but not changed; %s rekey moves it to one", a.name)
	}
}

// schemaVersion is in every JSON that a command prints. It changes when a field
// changes its meaning or goes.
const schemaVersion = 1

// printJSON prints v, which has a field schema_version, for a program to read.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return a.print(b.Bytes())
}

// count is "1 file", "2 files".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/cmd/internal/child"
	"github.com/flask-vault/flask-vault/cmd/internal/forms"
	"github.com/flask-vault/flask-vault/cmd/internal/private"
	"github.com/flask-vault/flask-vault/cmd/internal/redact"
	"github.com/flask-vault/flask-vault/cmd/internal/variables"
	"github.com/flask-vault/flask-vault/format"
)

type execOptions struct {
	selection
	pristine bool
	redact   bool
	watch    string
}

func (a *app) execCommand() *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [--] COMMAND [ARGUMENT...]",
		Short: "Run a program with the secrets as environment variables",
		Long: `Run a program with the secrets as environment variables: db.password becomes
DB_PASSWORD, the path in capitals with every other character as _. A value is
what get prints. Flags of exec stand before COMMAND.

The program does not start if a secret that is asked for is missing or if two
have the same variable. The vault's value wins over one that is set already.
Variables that change how programs run, such as PATH, are set with --map alone.
The master key's own variables are never handed on.

On Unix the program takes the place of flask-vault. With --file, --redact or --watch
it runs beside it, gets its signals, and its exit code is handed back.

--watch follows the vault while the program runs. When a value that it was given has
changed, it is ended (SIGTERM, and after 10 seconds by force) and started again with
the new values. --watch=HUP sends that signal instead, after the files of --file were
written anew; variables of a program that runs cannot be changed. A change that cannot
be taken up is told, and the program goes on. The program's own end is the end.

--redact hides the vault's values in what the program prints, also in base64, hex,
JSON and URLs. Values of less than four characters and common words stay. It helps
against accidents, not against a program that means to give secrets away.`,
		Example: "  " + a.name + " exec python app.py\n" +
			"  " + a.name + " exec --watch --env production -- gunicorn shop:app\n" +
			"  " + a.name + " exec --env production --only db,smtp.password -- gunicorn shop:app\n" +
			"  " + a.name + " exec --only db --map db.password=PGPASSWORD psql\n" +
			"  " + a.name + " exec --file tls.key=TLS_KEY_FILE -- nginx -g 'daemon off;'\n" +
			"  " + a.name + " exec --redact -- npm test",
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return &usageError{msg: "exec needs a command to run", hint: a.name + " exec python app.py"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.exec(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // the program's own flags are not ours
	o.flags(a, cmd)
	flags.StringArrayVar(&o.files, "file", nil, "give a key's value as a private file whose path is in the variable, as in `KEY=NAME`; can be repeated")
	_ = cmd.RegisterFlagCompletionFunc("file", a.completeMap)
	flags.BoolVar(&o.pristine, "pristine", false, "hand on no variables but the secrets")
	flags.BoolVar(&o.redact, "redact", false, "hide the secrets in the program's output")
	flags.StringVar(&o.watch, "watch", "", "when a secret changes, start the program again, or send it a `SIGNAL`, as in --watch=HUP")
	flags.Lookup("watch").NoOptDefVal = watchRestart
	return cmd
}

// childExit is the exit code of a program that ran. It is told to nobody: the
// program has said what there was to say.
type childExit struct{ code int }

func (e *childExit) Error() string { return fmt.Sprintf("the program ended with code %d", e.code) }

// execution is what is to be run, and with which values.
type execution struct {
	config    *vault
	layers    backend.Layers
	seen      []seenFile // the files that decide the values, as they were before they were read
	vars      []variables.Variable
	inherited []string
	filter    func(io.Writer) io.WriteCloser // nil if nothing is hidden
	path      string
	args      []string
	options   execOptions
	choice    variables.Options
}

// openFor opens the vault and fills in what depends on it.
func (a *app) openFor(ctx context.Context, e *execution) error {
	if e.options.watch != "" {
		c, err := a.resolve()
		if err != nil {
			return err
		}
		e.seen = look(c.Config) // before anything is read
	}
	c, layers, err := a.read(ctx)
	if err != nil {
		return err
	}
	e.config, e.layers = c, layers
	if e.vars, err = a.variables(c, layers, e.choice); err != nil {
		return err
	}
	if err := checkEnvironment(e.vars); err != nil {
		return err
	}
	if !e.options.pristine {
		e.inherited = a.inherited(c, layers)
	}
	if e.options.redact {
		e.filter, err = a.redaction(layers, e.vars)
	}
	return err
}

func (a *app) exec(ctx context.Context, args []string, o execOptions) error {
	choice, err := o.options()
	if err != nil {
		return err
	}
	var sig os.Signal
	if o.watch != "" {
		if sig, err = parseWatch(o.watch); err != nil {
			return err
		}
	}
	e := &execution{args: args, options: o, choice: choice}
	if err := a.openFor(ctx, e); err != nil {
		return err
	}
	if e.path, err = child.Find(args[0]); err != nil {
		return notStarted(args[0], err)
	}
	a.noteOverridden(e.inherited, e.vars)
	if o.watch != "" {
		return a.execWatch(ctx, e, sig)
	}
	if len(choice.Files) == 0 && !o.redact && child.CanReplace {
		return notStarted(args[0], child.Replace(e.path, args, environment(e.inherited, e.vars)))
	}
	command := child.Command{Path: e.path, Args: args, In: a.in, Out: a.out, Err: os.Stderr, Signals: child.Watch(), Filter: e.filter}
	defer command.Signals.Stop()
	dir, err := a.files(e.config, e.vars)
	if err != nil {
		return err
	}
	command.Env = environment(e.inherited, e.vars)
	code, err := child.Run(command)
	a.removeFiles(dir)
	if err != nil {
		return notStarted(args[0], err)
	}
	if code != 0 {
		return &childExit{code}
	}
	return nil
}

// removeFiles removes the files of the secrets; nil has none.
func (a *app) removeFiles(dir *private.Dir) {
	if dir == nil {
		return
	}
	if err := dir.Remove(); err != nil {
		fmt.Fprintf(a.err, "warning: the secrets' files could not be removed, please remove %s yourself: %v\n", dir.Path(), err)
	}
}

// notStarted is the error for a program that did not start, with a shell's code.
func notStarted(name string, err error) error {
	return &codeError{fmt.Errorf("%s: cannot be started: %w", name, err), child.StartCode(err)}
}

// files writes the values that are handed over as files, and puts their paths in
// the place of the values. It returns nil if there are none.
func (a *app) files(c *vault, vars []variables.Variable) (*private.Dir, error) {
	any := false
	for _, v := range vars {
		any = any || v.File
	}
	if !any {
		return nil, nil
	}
	runtimeDir, fallback := os.Getenv("XDG_RUNTIME_DIR"), filepath.Join(c.Root, "tmp")
	_, _ = private.Sweep(private.Parents(runtimeDir, fallback)) // what stays is doctor's to tell
	paths := make([]string, len(vars))
	dir, onDisk, err := private.Make(private.MemoryDirs(runtimeDir), fallback, func(d *private.Dir) (err error) {
		for i, v := range vars {
			if !v.File {
				continue
			}
			if paths[i], err = d.Write(v.Name, []byte(v.Value.Reveal()), false); err != nil {
				return fmt.Errorf("%s: cannot write its file: %w", v.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if onDisk {
		fmt.Fprintf(a.err, "warning: there is no memory-backed directory for the secrets' files; until the program ends they are on disk in %s\n", filepath.Dir(dir.Path()))
	}
	for i := range vars {
		if vars[i].File {
			vars[i].Value = format.NewValue(format.String, paths[i])
		}
	}
	return dir, nil
}

// redaction makes the filter that hides every value of the vault, whether or not
// the program was given it.
func (a *app) redaction(layers backend.Layers, vars []variables.Variable) (func(io.Writer) io.WriteCloser, error) {
	names, err := layers.Names()
	if err != nil {
		return nil, err
	}
	var values, open []string
	for _, name := range names {
		secret, err := layers.Get(name)
		if err != nil {
			return nil, err
		}
		values = append(values, secret.Reveal())
	}
	for _, v := range vars {
		values = append(values, v.Value.Reveal())
		if !forms.Worth(v.Value.Reveal()) {
			open = append(open, v.Key)
		}
	}
	if len(open) > 0 {
		a.note("note: too short or too common to be hidden: %s", oneLine(strings.Join(open, ", ")))
	}
	patterns := redact.Compile(values)
	return func(w io.Writer) io.WriteCloser { return patterns.NewWriter(w) }, nil
}

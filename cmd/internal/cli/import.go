package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/keysource"
)

// What import reads at most: bytes of a document, 16 MiB, and names in it.
const (
	maxImport      = 16 << 20
	maxImportNames = 100_000
)

type importOptions struct {
	format string
	dryRun bool
	json   bool
}

func (a *app) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Set many secrets from a plaintext file",
		Long: `Set every value of a plaintext document, in one step: if one of them cannot be
set, none is. The format is told by the file's extension, or by --format. With -
the document comes from standard input.

Names stay as they are, nested ones become dotted paths. Values are stored as
text. What the vault has beside them stays. Each name is told as added, changed or
same, no value is shown. The file itself stays too: remove it afterwards.`,
		Example: "  " + a.name + " import .env\n" +
			"  " + a.name + " import secrets.json --env production --dry-run\n" +
			"  heroku config --json | " + a.name + " import - --format json",
		Args: exactly(1, "one FILE, or -"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importFile(cmd.Context(), args[0], o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.format, "format", "", "the document's `FORMAT`: "+strings.Join(importFormats(), ", "))
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would change, and change nothing")
	flags.BoolVar(&o.json, "json", false, "print JSON with the names")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(importFormats(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// importFormats are the formats that have names and values.
func importFormats() []string {
	var names []string
	for _, f := range config.Formats {
		if f.Name() != "raw" {
			names = append(names, f.Name())
		}
	}
	return names
}

// imported is what an import changes: names in the order of the plaintext.
type imported struct {
	SchemaVersion int      `json:"schema_version"`
	Environment   string   `json:"environment"`
	DryRun        bool     `json:"dry_run"`
	Added         []string `json:"added"`
	Changed       []string `json:"changed"`
	Same          []string `json:"same"`
}

func (a *app) importFile(ctx context.Context, file string, o importOptions) error {
	f, err := a.importFormat(file, o.format)
	if err != nil {
		return err
	}
	c, v, err := a.openToWrite(ctx)
	if err != nil {
		return err
	}
	source, err := a.readPlaintext(ctx, file, f)
	if err != nil {
		return err
	}
	var result imported
	change := func(doc format.Document) (err error) {
		result, err = setAll(doc, source)
		return err
	}
	if o.dryRun {
		doc, err := v.Document()
		if err != nil {
			return err
		}
		if err := change(doc); err != nil {
			return err
		}
	} else if err := a.update(ctx, c, v, change); err != nil {
		return err
	}
	result.SchemaVersion, result.Environment, result.DryRun = schemaVersion, c.Environment, o.dryRun
	return a.tellImport(file, result, o)
}

func (a *app) tellImport(file string, r imported, o importOptions) error {
	if o.json {
		return a.printJSON(r)
	}
	for _, part := range []struct {
		word  string
		names []string
	}{{"added", r.Added}, {"changed", r.Changed}, {"same", r.Same}} {
		for _, name := range part.names {
			a.note("%s %s", part.word, oneLine(name))
		}
	}
	switch {
	case len(r.Added)+len(r.Changed)+len(r.Same) == 0:
		if file == "-" {
			file = "standard input"
		}
		a.note("%s has no values", oneLine(file))
	case o.dryRun:
		a.note("nothing is saved: this was a dry run")
	case file != "-":
		a.note("%s still has the secrets in plaintext; remove it when nothing needs it any more", oneLine(file))
	}
	return nil
}

// importFormat finds the format of a plaintext document.
func (a *app) importFormat(file, name string) (format.Format, error) {
	if name != "" {
		if f, ok := config.Formats.ByName(name); ok && slices.Contains(importFormats(), name) {
			return f, nil
		}
		e := &usageError{msg: fmt.Sprintf("there is no format %q to import (there are: %s)", name, strings.Join(importFormats(), ", "))}
		if near := config.Nearest(name, importFormats()); near != "" {
			e.hint = "did you mean --format " + near + "?"
		}
		return nil, e
	}
	ext := format.Extension(file)
	for _, f := range config.Formats {
		if file != "-" && slices.Contains(importFormats(), f.Name()) && slices.Contains(f.Extensions(), ext) {
			return f, nil
		}
	}
	where := "the extension of " + file
	if file == "-" {
		where = "standard input"
	}
	return nil, &usageError{
		msg:  where + " does not tell the format: --format takes " + strings.Join(importFormats(), ", "),
		hint: a.name + " import " + quote(file) + " --format " + importFormats()[0],
	}
}

// refuseSealed refuses a master key and an encrypted file: either is one long name to a
// dotenv document, and names are shown.
func (a *app) refuseSealed(name string, text []byte) error {
	if _, err := keysource.ParseKey(text); err == nil {
		return &codeError{&hintError{fmt.Errorf("%s: it is a master key, not a document", name), a.name + " key copy puts a key somewhere else"}, exitInvalid}
	}
	if vaultkeys.Fault(text) == "" {
		return &codeError{&hintError{fmt.Errorf("%s: it is encrypted", name), a.name + " decrypt FILE | " + a.name + " import - --format FORMAT takes what it holds"}, exitInvalid}
	}
	return nil
}

// readPlaintext parses the document to import.
func (a *app) readPlaintext(ctx context.Context, file string, f format.Format) (format.Document, error) {
	name, in := "standard input", a.input(ctx)
	if file != "-" {
		name, in = file, nil
	}
	text, err := readInput(file, in, maxImport)
	if errors.Is(err, backend.ErrTooLarge) {
		err = fmt.Errorf("%w: import reads at most %d bytes", backend.ErrTooLarge, maxImport)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := a.refuseSealed(name, text); err != nil {
		return nil, err
	}
	doc, err := f.Parse(text)
	var syntax *format.SyntaxError
	if errors.As(err, &syntax) {
		// Not the vault is to be mended, as the hint of a syntax error says.
		err = &codeError{err, exitInvalid}
	}
	switch {
	case err != nil:
	case len(doc.Names()) == 0:
		err = namesValues(f, text)
	case len(doc.Names()) > maxImportNames:
		err = fmt.Errorf("%w: it has more than %d names; import it in parts", backend.ErrTooLarge, maxImportNames)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return doc, nil
}

// setAll sets every value of source in doc.
func setAll(doc, source format.Document) (imported, error) {
	r := imported{Added: []string{}, Changed: []string{}, Same: []string{}}
	var all []format.Assignment
	for _, name := range source.Names() {
		value, err := source.Get(name)
		if err != nil {
			return r, err
		}
		if value.Kind() == format.Sequence || value.Kind() == format.Mapping {
			return r, &format.PathError{Path: name, Msg: "it is a list, which cannot be imported as text; write it with edit"}
		}
		now, err := doc.Get(name)
		switch {
		case errors.Is(err, format.ErrNotFound):
			r.Added = append(r.Added, name)
		case err != nil:
			return r, err
		case now.Kind() == format.Null:
			r.Added = append(r.Added, name)
		case now.Reveal() == value.Reveal() && now.Kind() != format.Sequence && now.Kind() != format.Mapping:
			r.Same = append(r.Same, name)
			continue
		default:
			r.Changed = append(r.Changed, name)
		}
		all = append(all, format.Assignment{Path: name, Value: value.Reveal()})
	}
	return r, format.SetAll(doc, all)
}

package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/cmd/internal/variables"
	"github.com/flask-vault/flask-vault/format"
)

// selection is what exec and export are told about which secrets to hand over,
// and under which names.
type selection struct {
	only   []string
	prefix string
	maps   []string
	files  []string

	onlyGiven func() bool // whether --only was given, be it with nothing
}

// flags adds the flags that exec and export share.
func (s *selection) flags(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&s.only, "only", nil, "take these `KEYS` alone; a mapping stands for all below it")
	flags.StringVar(&s.prefix, "prefix", "", "put this before every name that is made from a path")
	flags.StringArrayVar(&s.maps, "map", nil, "give a key this name, as in `KEY=NAME`; can be repeated")
	s.onlyGiven = func() bool { return flags.Changed("only") }
	_ = cmd.RegisterFlagCompletionFunc("only", a.completeOnly)
	_ = cmd.RegisterFlagCompletionFunc("map", a.completeMap)
}

// options understands the flags' values.
func (s *selection) options() (o variables.Options, err error) {
	if s.onlyGiven() && (len(s.only) == 0 || slices.Contains(s.only, "")) {
		// Nothing stands for everything in Options, which is the last thing that
		// a script with an unset variable should hand over.
		return o, &usageError{msg: "--only takes KEYS, not an empty word", hint: "--only db,smtp.password; perhaps a variable in its place is not set"}
	}
	o.Only, o.Prefix = s.only, s.prefix
	if o.Map, err = pairs("--map", s.maps); err == nil {
		o.Files, err = pairs("--file", s.files)
	}
	return o, err
}

// pairs understands KEY=NAME. A key may have an equals sign, a name has none.
func pairs(flag string, words []string) ([]variables.Pair, error) {
	var out []variables.Pair
	for _, w := range words {
		at := strings.LastIndex(w, "=")
		if at < 0 {
			return nil, &usageError{msg: fmt.Sprintf("%s takes KEY=NAME, not %q", flag, w), hint: flag + " db.password=PGPASSWORD"}
		}
		out = append(out, variables.Pair{Key: w[:at], Name: w[at+1:]})
	}
	return out, nil
}

// namesValues is the error for a document that cannot have names: one that is not of
// a format with them, or a list or a single value.
func namesValues(f format.Format, text []byte) error {
	doc, err := f.Parse(text)
	if err != nil {
		return err
	}
	err = doc.Set("a", "")
	var path *format.PathError
	if errors.As(err, &path) {
		return &codeError{errors.New(path.Msg), exitInvalid}
	}
	return err
}

// haveNames is the error for a vault that has no variables to hand over because
// its documents are not names with values.
func haveNames(f format.Format, layers backend.Layers) error {
	for _, v := range layers {
		if err := namesValues(f, v.Text()); err != nil {
			return fmt.Errorf("%s: %w", v.Name(), err)
		}
	}
	return nil
}

// variables makes the variables, and tells the person how to mend what stands
// in the way.
func (a *app) variables(c *vault, layers backend.Layers, o variables.Options) ([]variables.Variable, error) {
	vars, err := variables.Select(layers, o)
	var (
		collision *variables.CollisionError
		reserved  *variables.ReservedError
		name      *variables.NameError
	)
	switch {
	case errors.As(err, &collision):
		hint := fmt.Sprintf("--map %s=OTHER_NAME gives one of them another name", quote(collision.Keys[1]))
		return nil, &codeError{&hintError{err, hint}, exitInvalid}
	case errors.As(err, &reserved):
		hint := fmt.Sprintf("--map %s=%s sets it all the same; --prefix gives all of them other names", quote(reserved.Key), reserved.Name)
		return nil, &codeError{&hintError{err, hint}, exitPolicy}
	case errors.As(err, &name):
		hint := fmt.Sprintf("--map %s=NAME gives it a name: letters, digits and _, and no digit first", quote(name.Key))
		return nil, &codeError{&hintError{err, hint}, exitUsage}
	}
	if err == nil && len(vars) == 0 {
		err = haveNames(c.options.Format, layers)
	}
	return vars, suggestKey(layers, err)
}

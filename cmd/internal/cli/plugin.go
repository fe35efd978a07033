package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest/suite"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

func (a *app) pluginCommand() *cobra.Command {
	return a.group("plugin", "Install, check and remove key source plugins",
		a.pluginNewCommand(), a.pluginInstallCommand(), a.pluginListCommand(), a.pluginVerifyCommand(), a.pluginRemoveCommand(), a.pluginTestCommand())
}

// pluginOptions let plugins reach the person, if there is one.
func (a *app) pluginOptions() external.Options {
	o := external.Options{Notice: func(line string) { a.note("%s", oneLine(line)) }}
	if !a.noInput && isTerminal(a.in) {
		o.Prompt = a.promptFor
	}
	return o
}

// promptFor asks the person what a plugin wants to know.
func (a *app) promptFor(ctx context.Context, plugin string, p external.Prompt) (string, error) {
	fmt.Fprintf(a.err, "plugin %s asks: %s ", plugin, oneLine(p.Text))
	return a.readAnswer(ctx, p.Secret)
}

func (a *app) pluginInstallCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "install PATH",
		Short: "Install an executable as a plugin",
		Long: `Copy an executable into your plugin directory and record its SHA-256: nothing else
is ever run as that plugin. Projects name plugins; only this command decides what
a name stands for.`,
		Example: "  " + a.name + " plugin install ./flask-vault-shop\n  " + a.name + " plugin install ./shop.sh --name shop",
		Args:    exactly(1, "one PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := external.Install(cmd.Context(), args[0], name, a.pluginOptions())
			if err != nil {
				return err
			}
			a.note("plugin %s %s is installed (%s, SHA-256 %s)", r.Name, r.Version, r.Protocol, r.SHA256)
			a.note("next: %s plugin test %s", a.name, r.Name)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the name to install it under, in place of its own")
	return cmd
}

func (a *app) pluginListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the plugins that are installed",
		Example: "  " + a.name + " plugin list",
		Args:    exactly(0, ""),
		RunE: func(*cobra.Command, []string) error {
			store, err := trust.Default()
			if err != nil {
				return err
			}
			records, listErr := store.List()
			if asJSON {
				err = a.printJSON(struct {
					SchemaVersion int            `json:"schema_version"`
					Directory     string         `json:"directory"`
					Plugins       []trust.Record `json:"plugins"`
				}{schemaVersion, store.Dir(), append([]trust.Record{}, records...)})
			} else {
				err = a.print(pluginTable(records))
			}
			return errors.Join(err, listErr)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func pluginTable(records []trust.Record) []byte {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range records {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.Version, r.Protocol, strings.Join(r.Operations, " "), r.SHA256[:12])
	}
	_ = w.Flush()
	return []byte(b.String())
}

func (a *app) pluginVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "verify [NAME]",
		Short:   "Check that plugins are still what was installed",
		Example: "  " + a.name + " plugin verify keyring",
		Args:    between(0, 1, "one NAME or none"),
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := trust.Default()
			if err != nil {
				return err
			}
			names := args
			if len(args) == 0 {
				records, err := store.List()
				if err != nil {
					return err
				}
				for _, r := range records {
					names = append(names, r.Name)
				}
			}
			for _, n := range names {
				r, err := store.Verify(n)
				if err != nil {
					return err
				}
				a.note("plugin %s %s is what was installed", r.Name, r.Version)
			}
			return nil
		},
		ValidArgsFunction: a.completePlugins,
	}
}

func (a *app) pluginRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a plugin",
		Example: "  " + a.name + " plugin remove shop",
		Args:    exactly(1, "one NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			store, err := trust.Default()
			if err != nil {
				return err
			}
			if err := store.Remove(args[0]); err != nil {
				return err
			}
			a.note("plugin %s is removed", args[0])
			return nil
		},
		ValidArgsFunction: a.completePlugins,
	}
}

func (a *app) pluginTestCommand() *cobra.Command {
	var set []string
	var scratch bool
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Check a plugin against the rules for key sources",
		Long: `Run the conformance suite for key sources against an installed plugin. A place that
holds a key is only read, unless --scratch says that it may be lost.`,
		Example: "  " + a.name + " plugin test shop --set vault=test --scratch",
		Args:    exactly(1, "one NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.pluginTest(cmd.Context(), args[0], set, scratch)
		},
		ValidArgsFunction: a.completePlugins,
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "a setting of the plugin, as name=value; repeatable")
	cmd.Flags().BoolVar(&scratch, "scratch", false, "save and delete keys in the place that the settings name")
	return cmd
}

func (a *app) pluginTest(ctx context.Context, name string, set []string, scratch bool) error {
	settings := keysource.Settings{}
	for _, s := range set {
		k, v, ok := strings.Cut(s, "=")
		if !ok {
			return &usageError{msg: fmt.Sprintf("--set takes name=value, not %q", s), hint: a.name + " plugin test " + name + " --set service=test"}
		}
		settings[k] = v
	}
	o := a.pluginOptions()
	source, err := external.New(name, settings, o)
	if err != nil {
		return err
	}
	// A setting that is missing breaks no rule: the rules are about a place.
	var refused *external.Error
	if _, err := source.Load(ctx); errors.As(err, &refused) && refused.Code == external.BadSettings {
		return &codeError{&hintError{err, fmt.Sprintf("%s plugin test %s --set NAME=VALUE gives it one", a.name, name)}, exitUsage}
	}
	results := suite.Check(ctx, suite.Harness{New: external.Factory(name, o), Settings: settings, Scratch: scratch})
	failed := 0
	var b strings.Builder
	for _, r := range results {
		switch {
		case r.Err != nil:
			failed++
			fmt.Fprintf(&b, "fail  %s: %s\n", r.Name, oneLine(r.Err.Error()))
		case r.Skipped != "":
			fmt.Fprintf(&b, "skip  %s: %s\n", r.Name, r.Skipped)
		default:
			fmt.Fprintf(&b, "ok    %s\n", r.Name)
		}
	}
	if err := a.print([]byte(b.String())); err != nil {
		return err
	}
	if failed > 0 {
		return &codeError{fmt.Errorf("plugin %s breaks %d of %d rules", name, failed, len(results)), exitPlugin}
	}
	return nil
}

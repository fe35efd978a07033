package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/cmd/internal/editor"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what is wrong, and say how to mend it",
		Long: `Look at the configuration, the key sources, the vault, git, the editor and what
killed commands left behind. Each line is ok, warn or fail, with the command that
mends it. --fix removes leftovers. The exit code is 7 if a line is fail.

--all looks at the keys and the vault of every environment: what all share comes
first, then a section for each.`,
		Example: "  " + a.name + " doctor\n  " + a.name + " doctor --fix\n  " + a.name + " doctor --all",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.doctor(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.fix, "fix", false, "remove what killed commands left behind")
	cmd.Flags().BoolVar(&o.all, "all", false, "look at every environment")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

type doctorOptions struct{ fix, all, json bool }

// finding is one line of the doctor's.
type finding struct {
	Status string `json:"status"` // ok, warn, fail
	What   string `json:"what"`
	Mend   string `json:"mend,omitempty"` // what to type
}

// section is what the doctor finds in one environment, with --all.
type section struct {
	Environment string    `json:"environment"`
	Findings    []finding `json:"findings"`
}

func ok(format string, args ...any) finding {
	return finding{Status: "ok", What: fmt.Sprintf(format, args...)}
}

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	findings, sections := a.examine(ctx, o)
	if err := ctx.Err(); err != nil {
		return err // what was not looked at to the end is no finding
	}
	for i := range findings {
		findings[i].Mend = a.inSame(a.overrides.Environment, findings[i].Mend)
	}
	for _, s := range sections {
		if s.Environment == config.DefaultEnvironment {
			continue
		}
		for i := range s.Findings {
			s.Findings[i].Mend = a.inSame(s.Environment, s.Findings[i].Mend)
		}
	}
	all := slices.Clone(findings)
	for _, s := range sections {
		all = append(all, s.Findings...)
	}
	failed := 0
	for _, f := range all {
		if f.Status == "fail" {
			failed++
		}
	}
	var err error
	if o.json {
		err = a.printJSON(struct {
			SchemaVersion int       `json:"schema_version"`
			OK            bool      `json:"ok"`
			Findings      []finding `json:"findings"`
			Environments  []section `json:"environments,omitempty"`
		}{schemaVersion, failed == 0, findings, sections})
	} else {
		var b strings.Builder
		write := func(findings []finding) {
			for _, f := range findings {
				fmt.Fprintf(&b, "%-5s %s\n", f.Status, strings.ReplaceAll(sanitize(f.What), "\n", "\n      "))
				if f.Mend != "" {
					fmt.Fprintf(&b, "      -> %s\n", oneLine(f.Mend))
				}
			}
		}
		write(findings)
		for _, s := range sections {
			fmt.Fprintf(&b, "\nenvironment %s\n", oneLine(s.Environment))
			write(s.Findings)
		}
		err = a.print([]byte(b.String()))
	}
	if err == nil && failed > 0 {
		err = &codeError{fmt.Errorf("%d of %d findings have to be mended", failed, len(all)), exitInvalid}
	}
	return err
}

// examine finds what is as it should be and what is not. With o.all what concerns one
// environment is in a section of its own.
func (a *app) examine(ctx context.Context, o doctorOptions) ([]finding, []section) {
	a.fresh = true // a copy says nothing of the store
	c, err := a.resolve()
	if err != nil {
		return []finding{a.failure(err)}, nil
	}
	findings := []finding{ok("directory %s", c.Root)}
	if o.fix {
		if err := a.recover(ctx, c); err != nil {
			findings = append(findings, a.failure(err))
		}
	}
	switch {
	case c.File == "":
		findings = append(findings, ok("no %s, so Flask-Vault's names are used", config.FileName))
	case o.all:
		findings = append(findings, ok("configuration %s", c.Display(c.File)))
	default:
		findings = append(findings, ok("configuration %s, environment %s", c.Display(c.File), c.Environment))
	}
	findings = append(findings, examineOwners(c)...)
	vaults := []*vault{c}
	var sections []section
	if o.all {
		vaults, sections = a.examineAll(ctx, c)
	} else {
		findings = append(findings, a.examineEnvironment(ctx, c)...)
	}
	findings = append(findings, examineEditor())
	findings = append(findings, a.examinePlugins()...)
	return append(findings, a.examineLeftovers(ctx, vaults, o.fix)...), sections
}

// examineAll looks at every environment, and returns those that can be looked at.
func (a *app) examineAll(ctx context.Context, c *vault) (vaults []*vault, sections []section) {
	for _, name := range c.Environments {
		env, err := c.In(name)
		if err != nil {
			sections = append(sections, section{name, []finding{a.failure(err)}})
			continue
		}
		unused := name == config.DefaultEnvironment && len(c.Environments) > 1 && !env.Remote() && !fileExists(env.Path())
		if unused { // no project has to have it
			continue
		}
		options, err := env.Options()
		if err != nil {
			sections = append(sections, section{name, []finding{a.failure(err)}})
			continue
		}
		v := &vault{Config: env, options: options}
		vaults = append(vaults, v)
		sections = append(sections, section{name, a.examineEnvironment(ctx, v)})
	}
	return vaults, sections
}

// failure is a finding that says why something could not be looked at.
func (a *app) failure(err error) finding {
	_, hint := a.classify(err)
	return finding{"fail", err.Error(), hint}
}

// examineEnvironment looks at what one environment has for itself.
func (a *app) examineEnvironment(ctx context.Context, c *vault) []finding {
	findings := a.examineKeys(ctx, c)
	opened, err := a.examineVault(ctx, c)
	findings = append(findings, opened)
	findings = append(findings, a.examineStore(ctx, c, err)...)
	if members, problems := a.examineTeam(ctx, c.Config); members > 0 && len(problems) == 0 {
		findings = append(findings, ok("the key is wrapped for the %s of the team", count(members, "member")))
	} else {
		for _, p := range problems {
			findings = append(findings, finding{"fail", p, "git log -p of the two files shows who changed them; " + a.name + " team list"})
		}
	}
	if inWorkTree(c.Root) {
		findings = append(findings, a.examineGit(ctx, c)...)
	}
	return findings
}

func (a *app) examineKeys(ctx context.Context, c *vault) []finding {
	var findings []finding
	for _, s := range askAll(ctx, c.options.Keys) {
		switch {
		case s.Used:
			findings = append(findings, ok("key %s from %s is used", s.KeyID, s.Source))
		case s.KeyID != "":
			findings = append(findings, ok("key %s from %s is not asked for", s.KeyID, s.Source))
		case s.failed:
			findings = append(findings, finding{"fail", s.Source + ": " + s.Error, ""})
		default:
			findings = append(findings, ok("%s: %s", s.Source, s.Error))
		}
	}
	for i, s := range c.options.Keys {
		var insecure *keyfile.InsecureError
		if _, err := s.Load(ctx); errors.As(err, &insecure) {
			mend := "chmod 600 "
			if insecure.Owner != 0 {
				mend = "chown $(id -un) "
			}
			findings[i] = finding{"fail", s.Name() + ": " + err.Error(), mend + quote(insecure.Path)}
		}
	}
	return findings
}

// examineVault opens the vault, and also returns why that failed.
func (a *app) examineVault(ctx context.Context, c *vault) (finding, error) {
	v, err := backend.Open(ctx, c.options)
	if err == nil {
		var names []string
		if names, err = v.Names(); err == nil {
			if v.ReadOnly() {
				return finding{"warn", fmt.Sprintf("%s opens, %d secrets, but its key is not a 128-bit key and it cannot be changed", v.Name(), len(names)), a.name + " rekey"}, nil
			}
			return ok("%s opens, %d secrets", v.Name(), len(names)), nil
		}
	}
	return a.failure(err), err
}

func (a *app) examineGit(ctx context.Context, c *vault) []finding {
	git := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", c.Root}, args...)...)
		cmd.Env = withoutKeys(cmd.Environ(), c.options)
		return cmd.Run()
	}
	if _, err := exec.LookPath("git"); err != nil {
		return []finding{{"warn", "this is a git work tree, but there is no git", ""}}
	}
	var findings []finding
	for _, path := range keyFiles(c) {
		switch {
		case git("ls-files", "--error-unmatch", "--", path) == nil:
			findings = append(findings, finding{"fail", "git tracks the key file " + path + ": everybody who has the repository has the key", "git rm --cached " + quote(path) + ", then " + a.name + " rekey"})
		case git("check-ignore", "-q", "--", path) != nil:
			findings = append(findings, finding{"warn", "git does not ignore the key file " + path, a.name + " init"})
		default:
			findings = append(findings, ok("git ignores the key file %s", path))
		}
	}
	if c.Remote() { // no encrypted file of it is in git
		return append(findings, a.examineEnrollment(ctx, c)...)
	}
	attributes := exec.CommandContext(ctx, "git", "-C", c.Root, "check-attr", "text", "--", c.Credentials)
	attributes.Env = withoutKeys(attributes.Environ(), c.options)
	if out, err := attributes.Output(); err == nil && !bytes.HasSuffix(bytes.TrimSpace(out), []byte(": unset")) {
		findings = append(findings, finding{"warn", "git may change the line ends of encrypted files", a.name + " init"})
	} else {
		findings = append(findings, ok("git keeps encrypted files byte for byte"))
	}
	return append(findings, a.examineEnrollment(ctx, c)...)
}

func (a *app) examinePlugins() []finding {
	store, err := trust.Default()
	if err != nil {
		return []finding{{"warn", err.Error(), ""}}
	}
	var findings []finding
	records, err := store.List()
	if err != nil {
		findings = append(findings, finding{"fail", err.Error(), a.name + " plugin list"})
	}
	for _, r := range records {
		if _, err := store.Verify(r.Name); err != nil {
			findings = append(findings, finding{"fail", err.Error(), a.name + " plugin install PATH --name " + r.Name})
		} else {
			findings = append(findings, ok("plugin %s %s is what was installed", r.Name, r.Version))
		}
	}
	return findings
}

func examineEditor() finding {
	if name, err := editor.Find(os.Environ()); err != nil {
		return finding{"warn", err.Error(), ""}
	} else {
		return ok("editor %s", name)
	}
}

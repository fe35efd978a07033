package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
)

func (a *app) gitEnrollCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "enroll",
		Short: "Have git show encrypted files, merge them by key, and refuse secrets",
		Long: `Tell git about the vault's encrypted files, and show what was changed:

  .gitattributes  the files and their drivers; commit it
  .git/config     the drivers: git diff, git log -p and git show print what the
                  files hold, and git merge merges them by key
  pre-commit      a hook that runs flask-vault git guard --staged after the hook
                  that was there before, if there was one

The last two are of this clone alone: everybody who wants them runs it once. A
second run changes nothing. git unenroll puts everything back.`,
		Example: "  " + a.name + " git enroll",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.gitEnroll(cmd.Context())
		},
	}
}

func (a *app) gitUnenrollCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unenroll",
		Short:   "Put back what git enroll changed",
		Example: "  " + a.name + " git unenroll",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.gitUnenroll(cmd.Context())
		},
	}
}

// The settings of enroll in .git/config. vaultSetting lists the vaults' directories.
const (
	driver       = "flask-vault"
	vaultSetting = "flask-vault.vault"
)

// gitSetting is one line of a configuration of git's.
type gitSetting struct{ name, value string }

// gitSettings are those of the drivers, for vaults in these directories.
func gitSettings(vaults []string) []gitSetting {
	return []gitSetting{
		{"diff." + driver + ".textconv", textconvSetting(vaults)},
		{"diff." + driver + ".cachetextconv", "false"}, // it would keep plaintext in .git
		{"diff." + driver + ".binary", "false"},
		{"merge." + driver + ".name", "flask-vault, by key"},
		{"merge." + driver + ".driver", "flask-vault git merge-driver %O %A %B %P"},
	}
}

// textconvSetting is the command for textconv. The small program is the quicker
// one, and git starts a command that is one word without a shell, which is quicker
// still. Else the shell finds flask-vault, or says that it did not.
func textconvSetting(vaults []string) string {
	args := ""
	if len(vaults) != 1 || vaults[0] != "." {
		for _, dir := range vaults {
			args += " --vault " + quote(dir)
		}
	}
	program := filepath.ToSlash(textconvProgram())
	if program != "" && args == "" && quote(program) == program && !strings.ContainsAny(program, "%=") {
		return program
	}
	command := "flask-vault git textconv"
	if program != "" {
		command = quote(program)
	}
	first, _, _ := strings.Cut(command, " git ")
	return "command -v " + first + " >/dev/null || { echo '(encrypted; flask-vault is not on the PATH)'; exit; }; exec " + command + args
}

// textconvProgram is where flask-vault-textconv is: on the PATH, or beside this
// program. "" if it is not installed.
func textconvProgram() string {
	const name = "flask-vault-textconv"
	if path, err := exec.LookPath(name); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return path
		}
	}
	if program, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(program), name)); err == nil {
			return path
		}
	}
	return ""
}

// repo finds the work tree of a vault, and the vault's directory in it.
func (a *app) repo(ctx context.Context, c *vault) (r *gitrepo.Repo, dir string, err error) {
	r, err = gitrepo.Find(ctx, c.Root, environWithoutKeys(c.Config))
	if errors.Is(err, gitrepo.ErrNone) {
		return nil, "", &codeError{&hintError{err, "git init makes one"}, exitNotFound}
	}
	if err != nil {
		return nil, "", err
	}
	root, err := filepath.EvalSymlinks(c.Root)
	if err != nil {
		return nil, "", err
	}
	dir, err = filepath.Rel(r.Top, root)
	return r, filepath.ToSlash(dir), err
}

func (a *app) gitEnroll(ctx context.Context) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	r, dir, err := a.repo(ctx, c)
	if err != nil {
		return err
	}
	lines, err := attributeLines(c.Config)
	if err != nil {
		return err
	}
	hooks, herr := a.hooksHere(ctx, r)
	path := filepath.Join(c.Root, ".gitattributes")
	changed, err := rewrite(path, func(text []byte) ([]byte, error) { return withBlock(text, text != nil, lines) })
	if err != nil {
		return err
	}
	if changed {
		for _, line := range lines {
			a.note("%s: %s", c.Display(path), sanitize(line))
		}
	}
	state, err := loadEnrollment(r)
	if err != nil {
		return err
	}
	configured, err := a.configure(ctx, r, state, dir)
	if err != nil {
		return err
	}
	did := ""
	if herr == nil && hooks != "" {
		did, err = a.enrollHook(c, r, state, hooks)
		if err != nil {
			return err
		}
	}
	if err := state.save(r); err != nil {
		return err
	}
	if herr != nil {
		return herr
	}
	if !changed && !configured && did == "" {
		a.note("nothing is to be done: git knows this vault")
		return nil
	}
	if changed {
		a.note("next: git add %s, and commit it", quote(c.Display(path)))
	}
	return nil
}

// guardLine is for a pre-commit hook that many repositories share: it asks those
// that were enrolled, and lets the others be.
const guardLine = "if git config --get flask-vault.vault >/dev/null; then flask-vault git guard --staged || exit $?; fi"

// sharedHook is the pre-commit hook of other repositories too, which is theirs to
// change; "" where the hooks are of this one alone.
func sharedHook(r *gitrepo.Repo, hooks string) string {
	for _, ours := range []string{r.Dir, r.Top} {
		if within(ours, hooks) {
			return ""
		}
	}
	return filepath.Join(hooks, hookName)
}

// hookHint says how the guard gets into a hook that others share.
func hookHint(path string) string {
	if !fileExists(path) {
		return fmt.Sprintf("make %s, executable, with the lines #!/bin/sh and: %s", path, guardLine)
	}
	if info, err := os.Stat(path); err == nil && hasGuard(path) && info.Mode()&0o111 == 0 {
		return "chmod +x " + quote(path)
	}
	return fmt.Sprintf("add this line to %s: %s", path, guardLine)
}

// hooksHere is the directory of the hooks, if the guard can be put there: no other
// repository shares it. It is "" if the hook there has the guard already.
func (a *app) hooksHere(ctx context.Context, r *gitrepo.Repo) (string, error) {
	hooks, err := r.Hooks(ctx)
	if err != nil {
		return "", err
	}
	shared := sharedHook(r, hooks)
	switch {
	case shared == "":
		return hooks, nil
	case guards(shared):
		return "", nil
	}
	return "", &codeError{&hintError{
		fmt.Errorf("core.hooksPath is %s, which is not of this repository alone, so the pre-commit hook is not put there", hooks),
		hookHint(shared)}, exitPolicy}
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

func (a *app) enrollHook(c *vault, r *gitrepo.Repo, state *enrollment, hooks string) (string, error) {
	if !fileExists(hooks) {
		if err := os.MkdirAll(hooks, 0o755); err != nil {
			return "", err
		}
		state.HooksMade = true
	}
	known := ""
	if within(r.Dir, hooks) { // else it may be committed, and is for all machines
		if program, err := os.Executable(); err == nil {
			known = filepath.ToSlash(program)
		}
	}
	did, err := installHook(hooks, known)
	if err == nil && did != "" {
		a.note("%s: %s", sanitize(c.Display(filepath.Join(hooks, hookName))), did)
	}
	return did, err
}

// configure sets the drivers in .git/config, for the vaults that were enrolled
// before and the one in dir. It reports whether it changed anything.
func (a *app) configure(ctx context.Context, r *gitrepo.Repo, state *enrollment, dir string) (bool, error) {
	vaults, err := r.Config(ctx, vaultSetting)
	if err != nil {
		return false, err
	}
	var missing []gitSetting
	if !slices.Contains(vaults, dir) {
		vaults = append(vaults, dir)
		missing = append(missing, gitSetting{vaultSetting, dir})
	}
	for _, s := range gitSettings(vaults) {
		if have, err := r.Config(ctx, s.name); err != nil {
			return false, err
		} else if len(have) != 1 || have[0] != s.value {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return false, nil
	}
	return true, state.changeConfig(r, func() error {
		for _, s := range missing {
			how := "--replace-all"
			if s.name == vaultSetting {
				how = "--add"
			}
			if _, err := r.Output(ctx, "config", "--local", how, s.name, s.value); err != nil {
				return err
			}
			a.note(".git/config: %s = %s", s.name, s.value)
		}
		return nil
	})
}

func (a *app) gitUnenroll(ctx context.Context) error {
	c, err := a.resolve()
	if err != nil {
		return err
	}
	r, dir, err := a.repo(ctx, c)
	if err != nil {
		return err
	}
	state, err := loadEnrollment(r)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Root, ".gitattributes")
	changed, err := rewrite(path, withoutBlock)
	if err != nil {
		return err
	}
	if changed {
		a.note("%s: without the lines of git enroll", c.Display(path))
	}
	vaults, err := r.Config(ctx, vaultSetting)
	if err != nil {
		return err
	}
	if rest := slices.DeleteFunc(slices.Clone(vaults), func(v string) bool { return v == dir }); len(rest) > 0 {
		if len(rest) < len(vaults) {
			return a.keepVaults(ctx, r, state, rest)
		}
		return nil
	}
	return a.unenrollClone(ctx, c, r, state)
}

// keepVaults takes a vault out of the configuration, where others stay.
func (a *app) keepVaults(ctx context.Context, r *gitrepo.Repo, state *enrollment, vaults []string) error {
	err := state.changeConfig(r, func() error {
		if _, err := r.Output(ctx, "config", "--local", "--unset-all", vaultSetting); err != nil {
			return err
		}
		for _, dir := range vaults {
			if _, err := r.Output(ctx, "config", "--local", "--add", vaultSetting, dir); err != nil {
				return err
			}
		}
		for _, s := range gitSettings(vaults) {
			if _, err := r.Output(ctx, "config", "--local", "--replace-all", s.name, s.value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.note("the drivers and the hook stay, for the vaults in %s", strings.Join(vaults, ", "))
	return state.save(r)
}

// unenrollClone takes the drivers and the hook away.
func (a *app) unenrollClone(ctx context.Context, c *vault, r *gitrepo.Repo, state *enrollment) error {
	did, err := state.restoreConfig(ctx, r)
	if err != nil {
		return err
	}
	if did {
		a.note(".git/config: without the drivers")
	}
	hooks, err := r.Hooks(ctx)
	if err != nil {
		return err
	}
	what, err := removeHook(hooks)
	if err != nil {
		return err
	}
	if what != "" {
		a.note("%s: %s", sanitize(c.Display(filepath.Join(hooks, hookName))), what)
	}
	if state.HooksMade {
		_ = os.Remove(hooks) // unless somebody uses it
	}
	return state.forget(r)
}

// enrollment is what enroll remembers in .git/flask-vault, so that unenroll
// restores byte for byte.
type enrollment struct {
	ConfigBefore []byte `json:"config_before,omitempty"` // .git/config
	ConfigAfter  string `json:"config_after,omitempty"`  // SHA-256 of what enroll made of it
	HooksMade    bool   `json:"hooks_made,omitempty"`    // the directory
}

func enrollmentFile(r *gitrepo.Repo) string {
	return filepath.Join(r.Dir, "flask-vault", "enroll.json")
}

func loadEnrollment(r *gitrepo.Repo) (*enrollment, error) {
	text, err := durable.ReadFile(enrollmentFile(r), maxGitFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &enrollment{}, nil
	}
	var e enrollment
	if err == nil && json.Unmarshal(text, &e) != nil {
		e = enrollment{} // it only helps to restore more exactly
	}
	return &e, err
}

func (e *enrollment) save(r *gitrepo.Repo) error {
	path := enrollmentFile(r)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return durable.WriteSecret(path, text, (*durable.File).Replace)
}

func (e *enrollment) forget(r *gitrepo.Repo) error {
	if err := os.Remove(enrollmentFile(r)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(enrollmentFile(r))) // unless a merge uses it
	return nil
}

// changeConfig lets change work on .git/config, and remembers the text of before,
// unless somebody else changed it since we did.
func (e *enrollment) changeConfig(r *gitrepo.Repo, change func() error) error {
	path := filepath.Join(r.Dir, "config")
	before, err := durable.ReadFile(path, maxGitFile)
	if err != nil {
		return err
	}
	if e.ConfigAfter != digest(before) {
		e.ConfigBefore = before
		if e.ConfigAfter != "" {
			e.ConfigBefore = nil
		}
	}
	if err := change(); err != nil {
		return err
	}
	after, err := durable.ReadFile(path, maxGitFile)
	e.ConfigAfter = digest(after)
	return err
}

// restoreConfig brings .git/config back: the very bytes where nobody else changed
// it, else all but our settings. It reports whether there was anything to do.
func (e *enrollment) restoreConfig(ctx context.Context, r *gitrepo.Repo) (bool, error) {
	path := filepath.Join(r.Dir, "config")
	now, err := durable.ReadFile(path, maxGitFile)
	if err != nil {
		return false, err
	}
	if e.ConfigBefore != nil && e.ConfigAfter == digest(now) {
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		return true, writeFile(path, e.ConfigBefore, info.Mode().Perm())
	}
	did := false
	for _, section := range []string{"diff." + driver, "merge." + driver, driver} {
		_, err := r.Output(ctx, "config", "--local", "--remove-section", section)
		did = did || err == nil // it fails where there is none
	}
	return did, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
)

// textconvCache is where git keeps what a textconv printed, if it is told to.
const textconvCache = "refs/notes/textconv/" + driver

// examineEnrollment looks at what git enroll sets up.
func (a *app) examineEnrollment(ctx context.Context, c *vault) []finding {
	r, dir, err := a.repo(ctx, c)
	if err != nil {
		return []finding{{"warn", err.Error(), ""}}
	}
	findings := examineCache(ctx, r)
	mend := a.name + " git enroll"
	path := filepath.Join(c.Root, ".gitattributes")
	text, _ := os.ReadFile(path) // none is as good as an empty one
	b, err := findBlock(text)
	if err != nil {
		return append(findings, finding{"fail", c.Display(path) + ": " + err.Error(), mend})
	}
	vaults, err := r.Config(ctx, vaultSetting)
	if err != nil {
		return append(findings, finding{"warn", err.Error(), ""})
	}
	enrolled := slices.Contains(vaults, dir)
	if b.begin == b.end && !enrolled {
		return append(findings, ok("git shows and merges encrypted files as they are; %s changes that", mend))
	}
	if want, err := attributeLines(c.Config); err == nil && !slices.Equal(want, b.lines) {
		findings = append(findings, finding{"warn", c.Display(path) + " does not name the vault's files as they are now", mend})
	}
	if !enrolled {
		return append(findings, finding{"warn", c.Display(path) + " names flask-vault's drivers, and this clone does not have them", mend})
	}
	findings = append(findings, examineDrivers(ctx, r, vaults, mend)...)
	findings = append(findings, examineHook(ctx, r, mend)...)
	if !slices.ContainsFunc(findings, func(f finding) bool { return f.Status != "ok" }) {
		findings = append(findings, ok("git shows, merges and guards encrypted files"))
	}
	return findings
}

// examineCache tells of plaintext that git keeps.
func examineCache(ctx context.Context, r *gitrepo.Repo) []finding {
	var findings []finding
	if set, err := r.Config(ctx, "diff."+driver+".cachetextconv"); err == nil && len(set) > 0 && set[len(set)-1] != "false" {
		findings = append(findings, finding{"fail", "diff." + driver + ".cachetextconv has git keep plaintext in .git",
			"git config --unset-all diff." + driver + ".cachetextconv"})
	}
	if _, err := r.Output(ctx, "rev-parse", "--verify", "--quiet", textconvCache); err == nil {
		findings = append(findings, finding{"fail", "git keeps plaintext in " + textconvCache,
			"git update-ref -d " + textconvCache + ", then git gc --prune=now"})
	}
	return findings
}

func examineDrivers(ctx context.Context, r *gitrepo.Repo, vaults []string, mend string) []finding {
	var findings []finding
	for _, s := range gitSettings(vaults) {
		have, err := r.Config(ctx, s.name)
		switch {
		case err != nil:
			findings = append(findings, finding{"warn", err.Error(), ""})
		case len(have) == 0:
			findings = append(findings, finding{"warn", s.name + " is not set", mend})
		case s.name == "diff."+driver+".textconv" && !startsSomething(have[len(have)-1]):
			findings = append(findings, finding{"fail", "git diff and git log -p fail: " + have[len(have)-1] + " is not there", mend})
		}
	}
	return findings
}

// startsSomething reports whether a textconv can be started. What the shell
// starts says itself what is missing.
func startsSomething(command string) bool {
	if strings.ContainsAny(command, " ;") {
		return true
	}
	_, err := exec.LookPath(command)
	return err == nil
}

func examineHook(ctx context.Context, r *gitrepo.Repo, mend string) []finding {
	hooks, err := r.Hooks(ctx)
	if err != nil {
		return []finding{{"warn", err.Error(), ""}}
	}
	state, err := lookAtHook(hooks)
	if err != nil {
		return []finding{{"warn", err.Error(), ""}}
	}
	path := filepath.Join(hooks, hookName)
	if shared := sharedHook(r, hooks); shared != "" && state != hookOurs {
		if guards(shared) {
			return nil
		}
		return []finding{{"warn", "the pre-commit hook of core.hooksPath, which other repositories share, does not look for secrets in commits", hookHint(shared)}}
	}
	switch state {
	case hookChanged:
		return []finding{ok("%s is flask-vault's, and somebody changed it", path)}
	case hookNone:
		return []finding{{"warn", "no pre-commit hook looks for secrets in commits", mend}}
	case hookForeign:
		if !guards(path) {
			return []finding{{"warn", path + " does not look for secrets in commits", mend + ", or add flask-vault git guard --staged to it"}}
		}
	}
	return nil
}

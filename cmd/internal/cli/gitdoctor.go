package cli

import (
	"context"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/cmd/internal/vaultkeys"
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
	text, _ := durable.ReadFile(path, maxGitFile) // none is as good as an empty one
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
	findings = append(findings, examineCover(ctx, r, c)...)
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

// examineCover looks for encrypted files of this vault that git tracks and does not
// know: outside of its directory, or with other attributes.
func examineCover(ctx context.Context, r *gitrepo.Repo, c *vault) []finding {
	failed := func(err error) []finding { return []finding{{"warn", err.Error(), ""}} }
	tracked, err := r.Tracked(ctx)
	if err != nil {
		return failed(err)
	}
	tracked = slices.DeleteFunc(tracked, func(e gitrepo.Entry) bool {
		return !strings.HasSuffix(e.Path, ".enc") || e.Mode == gitrepo.ModeSubmodule || e.Mode == gitrepo.ModeSymlink
	})
	bare, err := r.Without(ctx, tracked, map[string]string{"diff": driver, "merge": driver})
	if err != nil || len(bare) == 0 {
		return nil
	}
	keys, err := vaultkeys.Find(ctx, c.Config)
	if err != nil {
		return failed(err)
	}
	opens := func(blob []byte) bool {
		return slices.ContainsFunc(keys, func(e *vaultkeys.Environment) bool { _, err := e.Open(blob); return err == nil })
	}
	var ours []string
	i := 0
	err = r.Contents(ctx, ids(bare), func(o gitrepo.Object, content io.Reader) error {
		path := bare[i].Path
		i++
		if o.Size > maxDocument {
			return nil
		}
		blob, err := io.ReadAll(content)
		if err == nil && opens(blob) {
			ours = append(ours, path)
		}
		return err
	})
	if err != nil {
		return failed(err)
	}
	if len(ours) == 0 {
		return nil
	}
	line := attributePattern(escapeGlob(path.Base(ours[0]))) + drivers
	return []finding{{"warn", "git does not show or merge " + strings.Join(ours, ", ") + ", which a key of this vault opens",
		"add the line " + line + " to " + path.Join(path.Dir(ours[0]), ".gitattributes")}}
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

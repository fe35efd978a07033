package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/editor"
	"github.com/flask-vault/flask-vault/cmd/internal/gitrepo"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/merge"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

func (a *app) gitResolveCommand() *cobra.Command {
	var o resolveOptions
	cmd := &cobra.Command{
		Use:   "resolve [FILE]",
		Short: "Finish a merge that has conflicts in encrypted files",
		Long: `Decide the keys that both sides of a merge changed, write the merged file, encrypted,
and add it to git's index. On a terminal each key is asked for; --ours and --theirs
name keys; --edit opens the text with git's markers in your editor, in memory-backed
storage. Without any of them and without a terminal the keys are listed.

What is decided is kept until all keys are. In a rebase, ours is the branch that is
rebased onto, and theirs is your commit, as git calls them. It needs no merge driver:
git keeps all versions of a file in conflict.`,
		Example: "  " + a.name + " git resolve\n  " + a.name + " git resolve --ours db.password --theirs smtp.password\n  " +
			a.name + " git resolve credentials.yml.enc --all-theirs\n  " + a.name + " git resolve --edit",
		Args: between(0, 1, "one FILE or none"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.gitResolve(cmd.Context(), args, o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.ours, "ours", nil, "take our side for this `KEY`; can be repeated")
	flags.StringArrayVar(&o.theirs, "theirs", nil, "take their side for this `KEY`; can be repeated")
	flags.BoolVar(&o.allOurs, "all-ours", false, "take our side for all keys in conflict that are not decided")
	flags.BoolVar(&o.allTheirs, "all-theirs", false, "take their side for all keys in conflict that are not decided")
	flags.BoolVar(&o.edit, "edit", false, "decide in your editor")
	flags.StringArrayVar(&o.keys, "also-key", nil, "also try the key in this `FILE`, where both sides ran rekey")
	return cmd
}

type resolveOptions struct {
	ours, theirs       []string
	allOurs, allTheirs bool
	edit               bool
	keys               []string // files
}

func (o *resolveOptions) decides() bool {
	return len(o.ours)+len(o.theirs) > 0 || o.allOurs || o.allTheirs || o.edit
}

// check refuses to decide one thing in two ways.
func (o *resolveOptions) check(name string) error {
	for _, key := range o.ours {
		if slices.Contains(o.theirs, key) {
			return &usageError{msg: fmt.Sprintf("--ours and --theirs both name %s", quote(key)), hint: name + " git resolve --ours " + quote(key)}
		}
	}
	if o.allOurs && o.allTheirs || o.edit && (o.allOurs || o.allTheirs) {
		return &usageError{msg: "of --all-ours, --all-theirs and --edit only one can be given", hint: name + " git resolve --help"}
	}
	return nil
}

// unmerged is a file that git has in conflict, with the ids of its versions.
type unmerged struct {
	path   string
	stages [4]string // 1 base, 2 ours, 3 theirs
}

func (a *app) gitResolve(ctx context.Context, args []string, o resolveOptions) error {
	if err := o.check(a.name); err != nil {
		return err
	}
	files, top, err := a.unmerged(ctx, args)
	if err != nil {
		return err
	}
	if err := sweepRecords(ctx, top, false); err != nil {
		return err
	}
	if len(files) == 0 {
		return &codeError{&hintError{errors.New("no encrypted file is in conflict"), "git status shows what git is about to do"}, exitNotFound}
	}
	if len(files) > 1 && (len(o.ours)+len(o.theirs) > 0 || o.edit) {
		var names []string
		for _, f := range files {
			names = append(names, f.path)
		}
		return &usageError{msg: "more than one encrypted file is in conflict: " + strings.Join(names, ", "), hint: a.name + " git resolve " + quote(names[0]) + " --ours KEY"}
	}
	var open error
	for _, f := range files {
		err := a.resolveFile(ctx, top, f, o)
		var code *codeError
		if errors.As(err, &code) && code.code == exitConflict && len(files) > 1 {
			a.note("%s", sanitize(err.Error()))
			open = err
			continue
		}
		if err != nil {
			return err
		}
	}
	if open == nil {
		a.noteNext(ctx, top)
	}
	return open
}

// unmerged lists the encrypted files that git has in conflict.
func (a *app) unmerged(ctx context.Context, args []string) ([]unmerged, string, error) {
	out, err := runGit(ctx, "", backend.Options{}, "rev-parse", "--show-toplevel")
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, "", &codeError{fmt.Errorf("%w: git is not installed", gitrepo.ErrNone), exitNotFound}
		}
		if ctx.Err() != nil {
			return nil, "", err
		}
		return nil, "", &codeError{&hintError{gitrepo.ErrNone, "run it in the repository whose merge is to be finished"}, exitNotFound}
	}
	top := filepath.FromSlash(strings.TrimRight(string(out), "\r\n"))
	dir, list := top, []string{"ls-files", "-u", "-z", "--full-name"}
	if len(args) > 0 {
		dir, list = "", append(list, "--", ":(literal)"+args[0])
	}
	if out, err = runGit(ctx, dir, backend.Options{}, list...); err != nil {
		return nil, "", &codeError{err, exitUsage}
	}
	var files []unmerged
	for line := range strings.SplitSeq(string(out), "\x00") {
		info, path, ok := strings.Cut(line, "\t")
		f := strings.Fields(info)
		if !ok || len(f) != 3 || len(f[2]) != 1 || f[2][0] < '1' || f[2][0] > '3' {
			continue
		}
		if len(files) == 0 || files[len(files)-1].path != path {
			if !isEncrypted(ctx, top, path) {
				continue
			}
			files = append(files, unmerged{path: path})
		}
		files[len(files)-1].stages[f[2][0]-'0'] = f[1]
	}
	return files, top, nil
}

// isEncrypted says whether a file is one of ours, by its name or by the merge driver
// that .gitattributes gives it.
func isEncrypted(ctx context.Context, top, path string) bool {
	if strings.HasSuffix(path, ".enc") {
		return true
	}
	out, err := runGit(ctx, top, backend.Options{}, "check-attr", "-z", "merge", "--", path)
	return err == nil && strings.HasSuffix(string(out), "\x00flask-vault\x00")
}

// resolveFile decides one file as far as it is told to, and writes it when all is
// decided.
func (a *app) resolveFile(ctx context.Context, top string, f unmerged, o resolveOptions) error {
	sealed, err := stages(ctx, top, f)
	if err != nil {
		return err
	}
	m, err := a.mergeVault(ctx, top, f.path, sealed)
	if errors.Is(err, errForeign) {
		return &codeError{&hintError{fmt.Errorf("%s: %w", f.path, err), "decide it as in any other file, then git add " + quote(f.path)}, exitConflict}
	}
	if err != nil {
		return err
	}
	for _, file := range o.keys {
		k, err := keyfile.New(file, keyfile.Options{Name: file, Insecure: m.Insecure, Owners: m.TrustedOwners}).Load(ctx)
		if err != nil {
			return err
		}
		if err := m.know(k); err != nil {
			return err
		}
	}
	if deleted := deletedFile(f); deleted != "" {
		return &codeError{&hintError{
			fmt.Errorf("%s: %s", f.path, deleted),
			fmt.Sprintf("git add %[1]s keeps it, git rm %[1]s removes it", quote(f.path)),
		}, exitConflict}
	}
	if m.isPrevious() {
		blob, err := m.mergePrevious(ctx, sealed)
		if err != nil {
			return err
		}
		return m.resolved(ctx, a, blob)
	}
	r, err := m.recordOr(ctx, sealed)
	if err != nil {
		return err
	}
	text, err := a.decideAll(ctx, m, r, o)
	if err != nil {
		return err
	}
	blob, err := m.seal(text)
	if err != nil {
		return err
	}
	// If git does not take the file now, nothing has to be decided again.
	if err := m.keepRecord(ctx, r); err != nil {
		return err
	}
	return m.resolved(ctx, a, blob)
}

// stages are the versions that git's index has.
func stages(ctx context.Context, top string, f unmerged) (sealed mergeVersions, err error) {
	for i, to := range []*[]byte{1: &sealed.base, 2: &sealed.ours, 3: &sealed.theirs} {
		if i == 0 || f.stages[i] == "" {
			continue
		}
		if *to, err = runGit(ctx, top, backend.Options{}, "cat-file", "blob", f.stages[i]); err != nil {
			return sealed, err
		}
	}
	return sealed, nil
}

// recordOr reads the record of a merge, or makes it from git's index. What was
// saved in the work tree meanwhile counts as our version.
func (m *mergeVault) recordOr(ctx context.Context, sealed mergeVersions) (*mergeRecord, error) {
	r, err := m.record(ctx)
	if err != nil {
		return nil, err
	}
	if r == nil || r.Merge != mergeID(sealed) {
		plain, err := m.openVersions(ctx, sealed)
		if err != nil {
			return nil, err
		}
		r = newRecord(sealed, plain)
	}
	if text, err := m.all.OpenFile(m.full()); err == nil {
		r.Ours = text
	}
	if r.Decided == nil {
		r.Decided = map[string]merge.Side{}
	}
	return r, nil
}

// decideAll leads to the merged text. What is decided, but not enough, is kept.
func (a *app) decideAll(ctx context.Context, m *mergeVault, r *mergeRecord, o resolveOptions) ([]byte, error) {
	text, err := m.three(r.versions(), nil)
	var conflict *mergeConflict
	if !errors.As(err, &conflict) {
		return text, err
	}
	maps.DeleteFunc(r.Decided, func(key string, _ merge.Side) bool { return !slices.Contains(conflict.keys, key) })
	for _, d := range []struct {
		keys []string
		side merge.Side
	}{{o.ours, merge.Ours}, {o.theirs, merge.Theirs}} {
		for _, key := range d.keys {
			if !slices.Contains(conflict.keys, key) {
				return nil, a.notInConflict(conflict, key)
			}
			r.Decided[key] = d.side
		}
	}
	text, err = m.three(r.versions(), r.Decided)
	if !errors.As(err, &conflict) {
		return text, err
	}
	if side := map[bool]merge.Side{o.allOurs: merge.Ours, o.allTheirs: merge.Theirs}[true]; side != 0 {
		return a.takeAll(m, r, conflict, side)
	}
	if o.edit {
		return a.resolveInEditor(ctx, m, r)
	}
	if !o.decides() && a.interactive() {
		return a.askConflicts(ctx, m, r, conflict)
	}
	if len(o.ours)+len(o.theirs) > 0 {
		if err := m.keepRecord(ctx, r); err != nil {
			return nil, err
		}
	} else if conflict.whole == nil {
		if err := a.print([]byte(sanitize(strings.Join(conflict.keys, "\n")) + "\n")); err != nil {
			return nil, err
		}
	}
	return nil, &codeError{&hintError{conflict, a.resolveHint(conflict)}, exitConflict}
}

func (a *app) resolveHint(c *mergeConflict) string {
	if c.whole != nil {
		return fmt.Sprintf("%s git resolve %s --all-ours, --all-theirs or --edit decides it", a.name, quote(c.path))
	}
	return fmt.Sprintf("%s git resolve %s --ours %s or --theirs %[3]s decides it; --edit opens the editor", a.name, quote(c.path), quote(c.keys[0]))
}

func (a *app) notInConflict(c *mergeConflict, key string) error {
	err := fmt.Errorf("%s: %s is not in conflict", c.path, key)
	hint := "in conflict: " + strings.Join(c.keys, ", ")
	if c.whole != nil {
		hint = "the whole file is in conflict: --all-ours, --all-theirs or --edit decides it"
	} else if near := config.Nearest(key, c.keys); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return &codeError{&hintError{err, hint}, exitNotFound}
}

// takeAll takes one side for all that is not decided.
func (a *app) takeAll(m *mergeVault, r *mergeRecord, c *mergeConflict, side merge.Side) ([]byte, error) {
	if c.whole != nil {
		if side == merge.Theirs {
			return r.Theirs, nil
		}
		return r.Ours, nil
	}
	for _, key := range c.keys {
		r.Decided[key] = side
	}
	return m.three(r.versions(), r.Decided)
}

// resolveInEditor lets the person decide in the text with markers.
func (a *app) resolveInEditor(ctx context.Context, m *mergeVault, r *mergeRecord) ([]byte, error) {
	if !a.interactive() && os.Getenv("VISUAL") == "" && os.Getenv("EDITOR") == "" {
		return nil, &usageError{msg: "there is no terminal for an editor", hint: a.name + " git resolve --ours KEY decides one key without it"}
	}
	f := config.Formats.ForFile(m.path)
	text := r.Draft
	if text == nil {
		text = merge.Marked(f, r.Base, r.Ours, r.Theirs, r.Decided)
	}
	if !isText(text) {
		return nil, &usageError{msg: m.path + ": it is binary data, which no editor can merge", hint: a.name + " git resolve " + quote(m.path) + " --all-ours or --all-theirs takes one side"}
	}
	o := a.editorOptions(m.vault, text)
	o.Name = strings.TrimSuffix(filepath.Base(m.path), ".enc")
	o.Check = func(text []byte) error {
		if merge.HasMarks(text, r.Base, r.Ours, r.Theirs) {
			return errors.New("the markers of a conflict (<<<<<<<, =======, >>>>>>>) are still in the text")
		}
		_, err := f.Parse(text)
		return err
	}
	ctx = context.WithoutCancel(ctx) // an interrupt is the editor's
	res, err := editor.Run(ctx, o)
	var unsaved interface{ Text() []byte }
	if errors.As(err, &unsaved) && unsaved.Text() != nil {
		r.Draft = unsaved.Text()
		if err := m.keepRecord(ctx, r); err != nil {
			return nil, err
		}
		return nil, &hintError{fmt.Errorf("%w; your text is kept, encrypted", err), a.name + " git resolve " + quote(m.path) + " --edit opens it again"}
	}
	if err != nil {
		return nil, err
	}
	if !res.Changed {
		return nil, &codeError{&hintError{fmt.Errorf("%s: nothing changed, the conflict stays", m.path), a.name + " git resolve " + quote(m.path) + " --edit opens the text again"}, exitAborted}
	}
	return res.Text, nil
}

// askConflicts asks for each key in conflict.
func (a *app) askConflicts(ctx context.Context, m *mergeVault, r *mergeRecord, c *mergeConflict) ([]byte, error) {
	if c.whole != nil {
		a.note("%s", sanitize(c.Error()))
		for {
			switch answer, err := a.choose(ctx, "take (o)urs, (t)heirs, (e)dit, (q)uit?"); {
			case err != nil:
				return nil, err
			case answer == 'o':
				return r.Ours, nil
			case answer == 't':
				return r.Theirs, nil
			case answer == 'e':
				return a.resolveInEditor(ctx, m, r)
			case answer == 'q':
				return nil, a.quitResolve(ctx, m, r)
			}
		}
	}
	result, err := merge.Three(config.Formats.ForFile(m.path), r.Base, r.Ours, r.Theirs, r.Decided)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(result.Conflicts); {
		k := result.Conflicts[i]
		fmt.Fprintf(a.err, "%s: %s\n", sanitize(k.Key), strings.NewReplacer("KEYS", "it", "IT", "it").Replace(happened(k)))
		answer, err := a.choose(ctx, "take (o)urs, (t)heirs, (s)how both, (e)dit the text, (q)uit?")
		switch {
		case err != nil:
			return nil, err
		case answer == 'o':
			r.Decided[k.Key] = merge.Ours
			i++
		case answer == 't':
			r.Decided[k.Key] = merge.Theirs
			i++
		case answer == 's':
			fmt.Fprintf(a.err, "ours:   %s\ntheirs: %s\n", shown(k.Ours), shown(k.Theirs))
		case answer == 'e':
			return a.resolveInEditor(ctx, m, r)
		case answer == 'q':
			return nil, a.quitResolve(ctx, m, r)
		}
	}
	return m.three(r.versions(), r.Decided)
}

func (a *app) quitResolve(ctx context.Context, m *mergeVault, r *mergeRecord) error {
	if err := m.keepRecord(ctx, r); err != nil {
		return err
	}
	return &codeError{&hintError{fmt.Errorf("%s: the conflict stays; what was decided is kept", m.path), a.name + " git resolve " + quote(m.path) + " goes on"}, exitAborted}
}

func shown(v *format.Value) string {
	if v == nil {
		return "(deleted)"
	}
	return sanitize(v.Reveal())
}

// choose asks for a letter.
func (a *app) choose(ctx context.Context, question string) (byte, error) {
	fmt.Fprintf(a.err, "%s ", question)
	line, err := a.readAnswer(ctx, false)
	line = strings.ToLower(strings.TrimSpace(line))
	if err != nil || line == "" {
		return 0, err
	}
	return line[0], nil
}

// resolved puts the merged file into the work tree and into git's index, and
// forgets the merge.
func (m *mergeVault) resolved(ctx context.Context, a *app, blob []byte) error {
	unlock, err := m.Store(m.full()).Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if now, err := durable.ReadFile(m.full(), backend.MaxDocument); err != nil || !bytes.Equal(now, blob) {
		if err := replace(m.full(), blob); err != nil {
			return err
		}
	}
	if _, err := m.git(ctx, "add", "--", ":(literal)"+m.path); err != nil {
		return err
	}
	if err := m.dropRecord(ctx); err != nil {
		return err
	}
	a.note("%s is merged and added (environment %s, key %s)", sanitize(m.path), m.Environment, m.current.KeyID())
	return nil
}

// noteNext says how git goes on.
func (a *app) noteNext(ctx context.Context, top string) {
	if out, err := runGit(ctx, top, backend.Options{}, "ls-files", "-u"); err == nil && len(out) > 0 {
		a.note("next: other files are in conflict; git status lists them")
		return
	}
	for _, s := range []struct{ file, next string }{
		{"rebase-merge", "git rebase --continue"},
		{"rebase-apply", "git rebase --continue"},
		{"CHERRY_PICK_HEAD", "git cherry-pick --continue"},
		{"REVERT_HEAD", "git revert --continue"},
		{"MERGE_HEAD", "git commit"},
	} {
		out, err := runGit(ctx, top, backend.Options{}, "rev-parse", "--git-path", s.file)
		path := strings.TrimRight(string(out), "\r\n")
		if !filepath.IsAbs(path) {
			path = filepath.Join(top, path)
		}
		if err == nil && fileExists(path) {
			a.note("next: %s", s.next)
			return
		}
	}
	a.note("next: git commit, or git stash drop if this came from git stash pop")
}

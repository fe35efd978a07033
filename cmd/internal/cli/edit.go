package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/cmd/internal/editor"
)

func (a *app) editCommand() *cobra.Command {
	var draft string
	cmd := &cobra.Command{
		Use:   "edit",
		Short: "Change secrets in your editor",
		Long: `Change the credentials document in your editor: $VISUAL, else $EDITOR, else vi,
nano or notepad.

The plaintext lies in memory-backed storage while you edit and is removed on
every way out. A document that does not parse is not saved: the editor opens
again, or, where nobody is there to answer, the text is kept as an encrypted
draft. Text that did not change is not saved. If somebody else saved meanwhile,
yours is kept as a draft and theirs stays.`,
		Example: "  " + a.name + ` edit
  EDITOR="code --wait" ` + a.name + ` edit
  ` + a.name + ` edit --draft credentials.yml.enc.draft`,
		Args: exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.edit(cmd.Context(), draft)
		},
	}
	cmd.Flags().StringVar(&draft, "draft", "", "begin with the text of a draft that an earlier edit kept")
	return cmd
}

func (a *app) edit(ctx context.Context, draft string) error {
	c, v, err := a.openToWrite(ctx)
	if err != nil {
		return err
	}
	if !a.interactive() && os.Getenv("VISUAL") == "" && os.Getenv("EDITOR") == "" {
		// vi would draw the plaintext into whatever our output goes to.
		return &usageError{msg: "there is no terminal for an editor", hint: a.name + " set changes one value without one"}
	}
	text := v.Text()
	if draft != "" {
		if sameFile(draft, c.Path()) {
			return &usageError{msg: draft + " is the document itself, not a draft of it", hint: a.name + " edit opens it"}
		}
		if err := a.refuseDraft(c.Config, draft); err != nil {
			return err
		}
		if text, err = v.OpenFile(draft); err != nil {
			return err
		}
	}
	o := a.editorOptions(c, text)
	o.Check = func(text []byte) error {
		if _, err := c.options.Format.Parse(text); err != nil {
			return fmt.Errorf("%s: %w", v.Name(), err)
		}
		return nil
	}
	// An interrupt while the editor runs is the editor's, even if it was sent to
	// us alone: git too ignores it then, since the text that is being typed counts
	// for more. It ends neither the editor nor the saving after it. SIGTERM and
	// SIGHUP end both, and keep the text as a draft.
	ctx = context.WithoutCancel(ctx)
	res, err := editor.Run(ctx, o)
	if err != nil {
		return a.keepDraft(c, v, err)
	}
	saved, err := v.Edit(ctx, func([]byte) ([]byte, error) { return res.Text, nil })
	if errors.Is(err, backend.ErrConflict) && sameText(ctx, v) {
		saved, err = v.Edit(ctx, func([]byte) ([]byte, error) { return res.Text, nil })
	}
	switch {
	case err != nil:
		return a.keepDraft(c, v, &unsavedError{err, res.Text})
	case saved:
		a.saved(c, v)
	default:
		a.note("nothing changed, nothing saved")
	}
	switch {
	case draft == "":
		return nil
	case !isDraft(draft): // it may be all that somebody has of something else
		a.note("%s stays, since it does not have the name of a draft", oneLine(draft))
		return nil
	}
	return durable.Remove(draft)
}

// sameText takes up what is stored now, and reports whether its text is the one
// we began with: then whoever saved meanwhile changed nothing but the nonce.
func sameText(ctx context.Context, v *backend.Vault) bool {
	before := v.Text()
	return v.Reload(ctx) == nil && bytes.Equal(before, v.Text())
}

// view shows text in the editor for reading alone.
func (a *app) view(ctx context.Context, c *vault, text []byte) error {
	o := a.editorOptions(c, text)
	o.ReadOnly = true
	_, err := editor.Run(context.WithoutCancel(ctx), o)
	return err
}

func (a *app) editorOptions(c *vault, text []byte) editor.Options {
	return editor.Options{
		Name:        strings.TrimSuffix(filepath.Base(c.Path()), ".enc"),
		Text:        text,
		Fallback:    filepath.Join(c.Root, "tmp"),
		Env:         withoutKeys(environWithoutKeys(c.Config), c.options),
		In:          a.in,
		Out:         a.out,
		Err:         a.err,
		Interactive: a.interactive(),
	}
}

package plugins

import (
	"context"
	"sync"

	"github.com/flask-vault/flask-vault/keysource/external"
)

// Prompt asks the person at the terminal one question and returns the answer.
// The program that runs the plugin shows the question, since a plugin has no
// terminal; where nobody is there the error has the code [NeedsInput].
//
// The first time, Prompt returns an error that Load, Save or Delete must return
// at once. The host then runs the plugin again, and Prompt returns the answer.
// So a source asks first and acts afterwards.
func Prompt(ctx context.Context, text string) (string, error) {
	return ask(ctx, external.Prompt{Text: text})
}

// PromptSecret is [Prompt] for an answer that the terminal does not show.
func PromptSecret(ctx context.Context, text string) (string, error) {
	return ask(ctx, external.Prompt{Text: text, Secret: true})
}

// WithPrompter returns a context in which [Prompt] asks f directly: for a
// program that uses a source without a plugin, and for tests.
func WithPrompter(ctx context.Context, f func(ctx context.Context, text string, secret bool) (string, error)) context.Context {
	return context.WithValue(ctx, prompterKey{}, f)
}

type (
	prompterKey struct{}
	dialogKey   struct{}
)

// dialog is the state of the prompts of one call.
type dialog struct {
	interactive bool
	answers     []string

	mu      sync.Mutex
	pending *external.Prompt
}

func ask(ctx context.Context, p external.Prompt) (string, error) {
	if f, ok := ctx.Value(prompterKey{}).(func(context.Context, string, bool) (string, error)); ok {
		return f(ctx, p.Text, p.Secret)
	}
	d, ok := ctx.Value(dialogKey{}).(*dialog)
	if !ok || !d.interactive {
		return "", Errorf(NeedsInput, "it needs an answer to %q, and nobody is there", p.Text)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.answers) > 0 {
		answer := d.answers[0]
		d.answers = d.answers[1:]
		return answer, nil
	}
	if d.pending == nil {
		d.pending = &p
	}
	return "", Errorf(NeedsInput, "waiting for the answer to %q", p.Text)
}

func (d *dialog) question() *external.Prompt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pending
}

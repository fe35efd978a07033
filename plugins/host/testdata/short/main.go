package main

import (
	"context"
	"os/exec"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
)

type pass struct{ entry string }

func (p pass) Name() string { return "pass " + p.entry }

func (p pass) Load(ctx context.Context) (keysource.Key, error) {
	text, err := exec.CommandContext(ctx, "pass", "show", "--", p.entry).Output()
	if err != nil {
		return keysource.Key{}, plugins.Errorf(plugins.Unavailable, "pass show failed: %w", err)
	}
	return keysource.ParseKey(text)
}

func New(s keysource.Settings) (keysource.Source, error) { return pass{s["entry"]}, s.Only("entry") }

func main() {
	plugins.Serve(plugins.Info{Name: "pass", Version: "1.0.0", Settings: []string{"entry"}, Environment: []string{"HOME"}}, New)
}

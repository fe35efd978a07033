package export

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Entry is one secret to write.
type Entry struct {
	Key   string // its path in the vault, which errors name
	Name  string // what the target calls it
	Value format.Value
}

// Options are what some targets need beside the entries.
type Options struct {
	// Name is the name of the object that k8s-secret makes.
	Name string
}

// Target is a form to write secrets in.
type Target struct {
	// Name is what the command line calls it.
	Name string
	// Summary says in a few words what reads it.
	Summary string
	// Paths says that the target calls the secrets by their paths, as it is no
	// environment of variables. Else an Entry's Name has to match
	// [A-Za-z_][A-Za-z0-9_]*.
	Paths bool
	// NeedsName says that Options.Name has to be set.
	NeedsName bool

	write func(*bytes.Buffer, []Entry, Options) error
}

// Targets lists every target.
func Targets() []Target {
	return []Target{
		{Name: "dotenv", Summary: "a .env file that python-dotenv and Node.js read alike", write: each(dotenv)},
		{Name: "json", Summary: "one JSON object from paths to strings", Paths: true, write: writeJSON},
		{Name: "yaml", Summary: "one YAML mapping from paths to strings", Paths: true, write: writeYAML},
		{Name: "shell", Summary: "export commands for a POSIX shell to eval", write: each(shell)},
		{Name: "docker", Summary: "for docker run --env-file", write: each(docker)},
		{Name: "systemd", Summary: "for EnvironmentFile= in a unit", write: each(systemd)},
		{Name: "github", Summary: "to append to $GITHUB_ENV in GitHub Actions", write: each(github)},
		{Name: "github-mask", Summary: "commands that make GitHub Actions hide the values in its logs", write: each(githubMask)},
		{Name: "k8s-secret", Summary: "a Kubernetes Secret", NeedsName: true, write: writeSecret},
	}
}

// ByName finds a target.
func ByName(name string) (Target, bool) {
	for _, t := range Targets() {
		if t.Name == name {
			return t, true
		}
	}
	return Target{}, false
}

// Write writes the entries in their order. It fails with a *[ValueError] or a
// *[NameError].
func (t Target) Write(entries []Entry, o Options) ([]byte, error) {
	var b bytes.Buffer
	if err := t.write(&b, entries, o); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// each makes a target of a function that writes one entry. A cannot that it
// returns is what is wrong with the value.
func each(write func(b *bytes.Buffer, name, value string) error) func(*bytes.Buffer, []Entry, Options) error {
	return func(b *bytes.Buffer, entries []Entry, _ Options) error {
		for _, e := range entries {
			err := write(b, e.Name, e.Value.Reveal())
			var bad cannot
			if errors.As(err, &bad) {
				return &ValueError{Key: e.Key, Msg: string(bad)}
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// ValueError says that a target cannot carry the value of a key. It does not
// quote the value.
type ValueError struct{ Key, Msg string }

func (e *ValueError) Error() string { return fmt.Sprintf("%s: the value %s", e.Key, e.Msg) }

// NameError says that a target does not take a name.
type NameError struct{ Name, Msg string }

func (e *NameError) Error() string { return fmt.Sprintf("%q: %s", e.Name, e.Msg) }

// cannot is what is wrong with a value.
type cannot string

func (c cannot) Error() string { return string(c) }

const (
	hasNUL  = cannot("has a NUL byte, which no environment can hold")
	notUTF8 = cannot("is not UTF-8")
)

// environmentText refuses what no variable can hold.
func environmentText(value string) error {
	if strings.Contains(value, "\x00") {
		return hasNUL
	}
	return nil
}

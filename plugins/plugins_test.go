package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
)

// The test binary is a plugin when it finds this name.
func TestMain(m *testing.M) {
	if os.Args[0] == "as-plugin" {
		plugins.Serve(plugins.Info{Name: "demo", Version: "1.0.0", Saves: true, Settings: []string{"a"}, Environment: []string{"HOME"}},
			func(keysource.Settings) (keysource.Source, error) { return nil, errors.New("not used") })
	}
	os.Exit(m.Run())
}

// run runs the plugin and returns its standard output, standard error and status.
func run(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	cmd := &exec.Cmd{Path: self, Args: append([]string{"as-plugin"}, args...), Env: append(env, "A=B"), Stdout: &out, Stderr: &errs}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestDescribe(t *testing.T) {
	out, _, status := run(t, nil, plugins.DescribeFlag)
	const want = `{"description":{"name":"demo","version":"1.0.0","protocol":"go-plugin","contract":1,"operations":["load","save"],"settings":["a"],"environment":["HOME"]}}` + "\n"
	if out != want || status != 0 {
		t.Errorf("got %s and %d", out, status)
	}
}

func TestWithoutAHost(t *testing.T) {
	out, errs, status := run(t, nil)
	if out != "" || status != 1 || !strings.Contains(errs, "flask-vault plugin install as-plugin") {
		t.Errorf("got %q, %q and %d", out, errs, status)
	}
}

// A host that offers no certificate gets no answer: there is no way down to
// plain text.
func TestAHostWithoutTLSIsRefused(t *testing.T) {
	for _, cert := range []string{"", "PLUGIN_CLIENT_CERT=x"} {
		out, errs, status := run(t, []string{"FLASK_VAULT_PLUGIN=keysource-6d1f0c1b7a", "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_UNIX_SOCKET_DIR=" + t.TempDir(), cert})
		if out != "" || status != 1 || !strings.Contains(errs, "no mutual TLS") {
			t.Errorf("got %q, %q and %d", out, errs, status)
		}
	}
}

// A source asks first and acts afterwards. Without a plugin around it, or in a
// test, WithPrompter answers.
func ExamplePrompt() {
	load := func(ctx context.Context) error {
		passphrase, err := plugins.PromptSecret(ctx, "Passphrase of the shop's key")
		if err != nil {
			return err
		}
		fmt.Println("unlocked with", len(passphrase), "letters")
		return nil
	}
	fmt.Println(load(context.Background()))
	ctx := plugins.WithPrompter(context.Background(), func(_ context.Context, text string, secret bool) (string, error) {
		return "sesame", nil
	})
	fmt.Println(load(ctx))
	// Output:
	// it needs an answer to "Passphrase of the shop's key", and nobody is there
	// unlocked with 6 letters
	// <nil>
}

func ExampleErrorf() {
	err := plugins.Errorf(plugins.NoKey, "the shop has no key for %q", "production")
	fmt.Println(err, errors.Is(err, keysource.ErrNoKey))
	// Output: the shop has no key for "production" true
}

//go:build unix

package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

func (f *fixture) load(name string, s keysource.Settings) (keysource.Key, error) {
	f.t.Helper()
	src, err := host.New(name, s, f.o)
	if err != nil {
		return keysource.Key{}, err
	}
	return src.Load(f.t.Context())
}

func TestSDKPlugin(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-good")
	if k, err := f.load("as-good", nil); err != nil || k.Text() != fixedKey {
		t.Errorf("got %v, %v", k, err)
	}
}

// A plugin that is built on hashicorp/go-plugin itself works unchanged, with
// its own P-521 certificate.
func TestStockPlugin(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-stock")
	if k, err := f.load("as-stock", nil); err != nil || k.Text() != fixedKey {
		t.Errorf("got %v, %v", k, err)
	}
	src, err := host.New("as-stock", nil, f.o)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.(keysource.Saver).Save(t.Context(), keysource.NewKey()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("save of a plugin that has none gave %v", err)
	}
}

func TestInstallAsksBothWays(t *testing.T) {
	for _, through := range []string{"in process", "pluginhost"} {
		f := newFixture(t)
		if through == "pluginhost" {
			f.o.Host = pluginHost(t)
		} else {
			f.o.Call = host.Call
		}
		// The staged executable is called "staged", so it has to be one that
		// behaves without a name.
		r, err := external.Install(t.Context(), stockExecutable(t), "shop", f.o)
		if err != nil || r.Protocol != trust.GoPlugin || r.Version != "0.9" {
			t.Errorf("%s: got %+v, %v", through, r, err)
		}
	}
}

// What a plugin can see of its host: nothing but what it was given.
func TestPluginSeesNothing(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-probe")
	t.Setenv("FLASK_VAULT_MASTER_KEY", fixedKey)
	t.Setenv("HOST_SECRET", "x")
	secret, err := os.Create(filepath.Join(t.TempDir(), "host-secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fmt.Fprint(w, "piped secret")
	w.Close()
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()

	_, err = f.load("as-probe", nil)
	const want = `stdin "" <nil>; terminal false; leads its group true; files of the host 0; ` +
		`environment PATH ` + mark + ` FLASK_VAULT_PLUGIN PLUGIN_MIN_PORT PLUGIN_MAX_PORT PLUGIN_PROTOCOL_VERSIONS PLUGIN_UNIX_SOCKET_DIR PLUGIN_CLIENT_CERT`
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant …%s", err, want)
	}
}

func TestWordsAreShownAndSanitised(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-words")
	if _, err := f.load("as-words", nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`plugin as-words: one \x1b]0;pwned\x07`,
		`plugin as-words: {"@level":"error","@message":"two"}`,
		"plugin as-words: last",
	} {
		if !strings.Contains(f.lines.String(), want) {
			t.Errorf("%q is not in\n%s", want, f.lines)
		}
	}
}

func TestPrompts(t *testing.T) {
	ways := map[string]string{"in process": "", "pluginhost": pluginHost(t)}
	for way, path := range ways {
		t.Run(way, func(t *testing.T) {
			f := newFixture(t)
			f.installSelf("as-prompt")
			load := func(answer func(external.Prompt) (string, error)) (keysource.Key, error) {
				o := f.o
				if answer != nil {
					o.Prompt = func(_ context.Context, plugin string, p external.Prompt) (string, error) {
						if plugin != "as-prompt" {
							t.Errorf("asked for plugin %q", plugin)
						}
						return answer(p)
					}
				}
				src, err := newSource(path, "as-prompt", nil, o)
				if err != nil {
					t.Fatal(err)
				}
				return src.Load(t.Context())
			}
			answers := func(password string) func(external.Prompt) (string, error) {
				return func(p external.Prompt) (string, error) {
					switch p {
					case external.Prompt{Text: "User"}:
						return "ada", nil
					case external.Prompt{Text: "Password of ada", Secret: true}:
						return password, nil
					}
					return "", fmt.Errorf("unexpected %+v", p)
				}
			}
			if k, err := load(answers("lovelace")); err != nil || k.Text() != fixedKey {
				t.Errorf("with the right password: %v, %v", k, err)
			}
			var e *external.Error
			if _, err := load(answers("byron")); !errors.As(err, &e) || e.Code != external.Denied {
				t.Errorf("with a wrong password: %v", err)
			}
			if _, err := load(nil); !errors.As(err, &e) || e.Code != external.NeedsInput {
				t.Errorf("with nobody there: %v", err)
			}
			aborted := errors.New("aborted")
			if _, err := load(func(external.Prompt) (string, error) { return "", aborted }); !errors.Is(err, aborted) {
				t.Errorf("with a person who aborts: %v", err)
			}
		})
	}
}

func TestASlowPluginIsNamed(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-hang-call")
	f.o.CallTimeout = 1500 * time.Millisecond
	_, err := f.load("as-hang-call", nil)
	if err == nil || !strings.Contains(f.lines.String(), "waiting for plugin as-hang-call (load)") {
		t.Errorf("got %v and\n%s", err, f.lines)
	}
}

func TestCancelEndsThePlugin(t *testing.T) {
	for _, mode := range []string{"as-hang-start", "as-hang-call"} {
		for way, path := range map[string]string{"in process": "", "pluginhost": pluginHost(t)} {
			t.Run(mode+" "+way, func(t *testing.T) {
				f := newFixture(t)
				f.installSelf(mode)
				src, err := newSource(path, mode, nil, f.o)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, err = src.Load(ctx)
				var e *external.Error
				if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, keysource.ErrNoKey) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took > leeway {
					t.Errorf("it took %v", took)
				}
			})
		}
	}
}

func TestUntrustedPluginsAreNotRun(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-good")
	r, err := f.store.Get("as-good")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.store.Dir(), r.File)
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "x")
	w.Close()
	kinds := map[string]trust.Kind{"as-good": trust.Changed, "unknown": trust.Unknown, "../x": trust.BadName, "": trust.BadName}
	load := func(path, name string) error {
		src, err := newSource(path, name, nil, f.o)
		if err == nil {
			_, err = src.Load(t.Context())
		}
		return err
	}
	for name, want := range kinds {
		for _, path := range []string{"", pluginHost(t)} {
			f.checkUntrusted(name, want, load(path, name))
		}
	}
}

func (f *fixture) checkUntrusted(name string, want trust.Kind, err error) {
	f.t.Helper()
	var e *external.Error
	var te *trust.Error
	if !errors.As(err, &e) || e.Code != external.Untrusted || !errors.As(err, &te) || te.Kind != want {
		f.t.Errorf("%q: got %v", name, err)
	}
	if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "; type: flask-vault plugin ")) {
		f.t.Errorf("%q: the error is not one sentence with a command: %v", name, err)
	}
}

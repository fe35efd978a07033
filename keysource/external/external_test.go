package external_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

const keyText = "MDEyMzQ1Njc4OWFiY2RlZg=="

func options(t *testing.T) external.Options {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: these tests run shell scripts")
	}
	s, err := trust.At(filepath.Join(t.TempDir(), "plugins"))
	if err != nil {
		t.Fatal(err)
	}
	return external.Options{Store: s, Notice: func(line string) { t.Log(line) }}
}

// script installs a shell script that answers describe, and body to the rest.
func script(t *testing.T, o external.Options, description, body string) (trust.Record, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	text := "#!/bin/sh\nread -r r\ncase $r in '{\"op\":\"describe\"'*) echo '" + description + "'; exit; esac\n" + body + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return external.Install(t.Context(), path, "", o)
}

const describeShop = `{"description":{"name":"shop","version":"1.2.3","operations":["load","save"],"settings":["file"],"later":{"a":[1]}},"later":1}`

func TestInstallAndLoad(t *testing.T) {
	o := options(t)
	r, err := script(t, o, describeShop, `echo '{"key":"`+keyText+`","unknown":true}'; echo more`)
	if err != nil || r.Name != "shop" || r.Version != "1.2.3" || r.Protocol != trust.OneShot {
		t.Fatalf("got %+v, %v", r, err)
	}
	src, err := external.New("shop", keysource.Settings{"file": "x"}, o)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := src.Load(t.Context()); err != nil || k.Text() != keyText {
		t.Errorf("got %v, %v", k, err)
	}
}

// The request is what docs/plugin-protocol.md says, byte for byte.
func TestRequest(t *testing.T) {
	o := options(t)
	out := filepath.Join(t.TempDir(), "request")
	if _, err := script(t, o, describeShop, `printf '%s\n' "$r" >`+out+`; echo '{"done":true}'`); err != nil {
		t.Fatal(err)
	}
	src, err := external.New("shop", keysource.Settings{"file": `a "quoted" <path>`}, o)
	if err != nil {
		t.Fatal(err)
	}
	k, err := keysource.ParseKey([]byte(keyText))
	if err != nil {
		t.Fatal(err)
	}
	if err := src.(keysource.Saver).Save(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	const want = `{"op":"save","contract":1,"plugin":"shop","settings":{"file":"a \"quoted\" <path>"},"key":"MDEyMzQ1Njc4OWFiY2RlZg==","interactive":false}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got  %swant %s(%v)", got, want, err)
	}
}

func TestWhatASourceCanDo(t *testing.T) {
	o := options(t)
	for operations, want := range map[string][2]bool{
		`"load"`: {false, false}, `"load","save"`: {true, false}, `"load","delete"`: {false, true}, `"load","save","delete","later"`: {true, true},
	} {
		if _, err := script(t, o, `{"description":{"name":"x","version":"1","operations":[`+operations+`]}}`, ""); err != nil {
			t.Fatal(err)
		}
		src, err := external.New("x", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		_, saves := src.(keysource.Saver)
		_, deletes := src.(keysource.Deleter)
		if got := [2]bool{saves, deletes}; got != want {
			t.Errorf("%s: got %v", operations, got)
		}
		if src.Name() != "plugin x" {
			t.Errorf("its name is %q", src.Name())
		}
	}
}

func TestErrorsOfAPlugin(t *testing.T) {
	o := options(t)
	for code, is := range map[string]error{"no_key": keysource.ErrNoKey, "unsupported": errors.ErrUnsupported, "locked": nil, "crashed": nil, "new": nil} {
		if _, err := script(t, o, describeShop, `echo '{"error":{"code":"`+code+`","message":"because"}}'`); err != nil {
			t.Fatal(err)
		}
		src, err := external.New("shop", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = src.Load(t.Context())
		var e *external.Error
		if !errors.As(err, &e) || err.Error() != `plugin "shop" says: because` {
			t.Errorf("%s: got %v", code, err)
		}
		if is != nil && !errors.Is(err, is) || errors.Is(err, keysource.ErrNoKey) != (code == "no_key") {
			t.Errorf("%s: the error is of the wrong kind", code)
		}
	}
}

func TestUnknownSettingIsRefusedBeforeTheStart(t *testing.T) {
	o := options(t)
	if _, err := script(t, o, describeShop, ""); err != nil {
		t.Fatal(err)
	}
	_, err := external.New("shop", keysource.Settings{"fle": "x"}, o)
	var e *external.Error
	if !errors.As(err, &e) || e.Code != external.BadSettings {
		t.Errorf("got %v", err)
	}
}

func TestMissingPluginHostIsNamed(t *testing.T) {
	o := options(t)
	if _, err := script(t, o, `{"description":{"name":"shop","version":"1","protocol":"go-plugin","operations":["load"]}}`, ""); err != nil {
		t.Fatal(err)
	}
	src, err := external.New("shop", nil, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.Load(t.Context())
	self, _ := os.Executable()
	var e *external.Error
	if !errors.As(err, &e) || e.Code != external.NoHost || !strings.Contains(err.Error(), filepath.Join(filepath.Dir(self), "flask-vault-pluginhost")) {
		t.Errorf("got %v", err)
	}
}

func TestPromptRunsThePluginAgain(t *testing.T) {
	o := options(t)
	if _, err := script(t, o, describeShop, `
case $r in
*'"interactive":false'*) echo '{"error":{"code":"needs_input","message":"nobody is there"}}' ;;
*'"answers":["open","sesame"]'*) echo '{"key":"`+keyText+`"}' ;;
*'"answers":["open"]'*) echo '{"prompt":{"text":"Second","secret":true}}' ;;
*) echo '{"prompt":{"text":"First\u001b[2J"}}' ;;
esac`); err != nil {
		t.Fatal(err)
	}
	var asked []external.Prompt
	o.Prompt = func(_ context.Context, _ string, p external.Prompt) (string, error) {
		asked = append(asked, p)
		return []string{"open", "sesame"}[len(asked)-1], nil
	}
	src, err := external.New("shop", nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := src.Load(t.Context()); err != nil || k.Text() != keyText {
		t.Errorf("got %v, %v", k, err)
	}
	if fmt.Sprint(asked) != `[{First\x1b[2J false} {Second true}]` {
		t.Errorf("asked %v", asked)
	}
	o.Prompt = func(context.Context, string, external.Prompt) (string, error) { return "", nil }
	if _, err := script(t, o, describeShop, `echo '{"prompt":{"text":"Again"}}'`); err != nil {
		t.Fatal(err)
	}
	if src, err = external.New("shop", nil, o); err != nil {
		t.Fatal(err)
	}
	var e *external.Error
	if _, err := src.Load(t.Context()); !errors.As(err, &e) || e.Code != external.BadReply {
		t.Errorf("a plugin that asks for ever gave %v", err)
	}
}

func TestInstallRefuses(t *testing.T) {
	o := options(t)
	for _, d := range []string{
		``, `hello`, `{"key":"` + keyText + `"}`, `{"description":{"name":"../x","version":"1","operations":["load"]}}`,
		`{"description":{"name":"x","version":"1","contract":2,"operations":["load"]}}`,
		`{"error":{"code":"failed","message":"no"}}`,
	} {
		_, err := script(t, o, d, "")
		var te *trust.Error
		if !errors.As(err, &te) || te.Kind != trust.Refused || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", d, err)
		}
	}
	if files, _ := os.ReadDir(o.Store.Dir()); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
	if _, err := external.Install(t.Context(), "/bin/true", "../x", o); err == nil {
		t.Error("a bad name was accepted")
	}
}

func TestCallsAtTheSameTime(t *testing.T) {
	o := options(t)
	if _, err := script(t, o, describeShop, `echo '{"key":"`+keyText+`"}'`); err != nil {
		t.Fatal(err)
	}
	src, err := external.New("shop", nil, o)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if k, err := src.Load(t.Context()); err != nil || k.Text() != keyText {
				t.Errorf("got %v, %v", k, err)
			}
		})
	}
	wg.Wait()
}

func TestAsReplyKeepsTheCode(t *testing.T) {
	for want, err := range map[external.Code]error{
		external.NoKey:     fmt.Errorf("nothing: %w", keysource.ErrNoKey),
		external.Locked:    &external.Error{Code: external.Locked, Message: "x"},
		external.Untrusted: &trust.Error{Kind: trust.Changed},
		external.Failed:    errors.New("x"),
	} {
		if r := external.AsReply(err); r.Error == nil || r.Error.Code != want {
			t.Errorf("%v gave %+v", err, r.Error)
		}
	}
}

// A program tells a fault of a plugin from a place that holds no key.
func ExampleError() {
	_, err := external.New("shop", nil, external.Options{Store: mustStore("/nonexistent")})
	var e *external.Error
	if errors.As(err, &e) && !errors.Is(err, keysource.ErrNoKey) {
		fmt.Println(e.Code, "-", e)
	}
	// Output: untrusted - plugin "shop" is not installed; type: flask-vault plugin install PATH --name shop
}

func mustStore(dir string) *trust.Store {
	s, err := trust.At(dir)
	if err != nil {
		panic(err)
	}
	return s
}

// A plugin that knows the setting gets the vault's directory, from the program
// and from nobody else.
func TestDirectory(t *testing.T) {
	const describe = `{"description":{"name":"shop","version":"1.2.3","operations":["load"],"settings":["file","vault_directory"]}}`
	o := options(t)
	if _, err := script(t, o, describe, `case $r in *'"vault_directory":"/srv/shop"'*) echo '{"key":"`+keyText+`"}' ;; *) echo '{"error":{"code":"failed","message":"nowhere"}}' ;; esac`); err != nil {
		t.Fatal(err)
	}
	o.Directory = "/srv/shop"
	settings := keysource.Settings{"file": "x"}
	src, err := external.New("shop", settings, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Load(t.Context()); err != nil || len(settings) != 1 {
		t.Errorf("got %v, and the caller's settings are %v", err, settings)
	}
	settings["vault_directory"] = "/home/me"
	var e *external.Error
	if _, err := external.New("shop", settings, o); !errors.As(err, &e) || e.Code != external.BadSettings {
		t.Errorf("a configuration set it: %v", err)
	}
	if _, err := script(t, o, describeShop, `echo '{"key":"`+keyText+`"}'`); err != nil {
		t.Fatal(err)
	}
	if src, err = external.New("shop", nil, o); err != nil {
		t.Fatal(err)
	}
	if _, err := src.Load(t.Context()); err != nil {
		t.Errorf("a plugin that does not know it: %v", err)
	}
}

package format_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/dotenv"
	fjson "github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/raw"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

var all = format.Registry{yaml.Format{}, toml.Format{}, fjson.Format{}, dotenv.Format{}, raw.Format{}}

func Example() {
	f := all.ForFile("credentials.yml.enc")
	doc, err := f.Parse([]byte("db.password: hunter2\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	value, _ := doc.Get("db.password")
	fmt.Println(f.Name(), value, value.Reveal())

	_, err = doc.Get("db.user")
	fmt.Println(err, errors.Is(err, format.ErrNotFound))
	// Output:
	// yaml [redacted] hunter2
	// no value for db.user true
}

func TestRegistry(t *testing.T) {
	for name, want := range map[string]string{
		"credentials.yml.enc": "yaml", "production.YAML": "yaml", "dir.yml/credentials.toml.enc": "toml", "a.json": "json",
		".env.enc": "dotenv", "app.env": "dotenv", "config/.env.production.enc": "dotenv", ".ENV.local": "dotenv", ".env.json.enc": "json", ".env.d.tar.enc": "raw", "logo.png.enc": "raw", "noextension": "raw", "": "raw", ".enc": "raw",
	} {
		if got := all.ForFile(name).Name(); got != want {
			t.Errorf("ForFile(%q) is %s, want %s", name, got, want)
		}
	}
	if format.Registry(nil).ForFile("a.yml") != nil {
		t.Error("an empty registry has a format")
	}
	if f, ok := all.ByName("toml"); !ok || f.Name() != "toml" {
		t.Error("ByName does not find toml")
	}
	if _, ok := all.ByName("xml"); ok {
		t.Error("ByName finds xml")
	}
}

// TestValueIsRedacted: a value shows itself through Text alone.
func TestValueIsRedacted(t *testing.T) {
	v := format.NewValue(format.String, "hunter2")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "p", &v)
	encoded, err := json.Marshal(map[string]any{"v": v, "p": &v})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(v), fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v), fmt.Sprintf("%v", &v),
		fmt.Sprintf("%v", struct{ V format.Value }{v}), fmt.Sprintf("%+v", []format.Value{v}), log.String(), string(encoded),
	} {
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, "68756e") {
			t.Errorf("shown as %s", shown)
		}
	}
	if v.Reveal() != "hunter2" || v.Kind() != format.String {
		t.Error("Text or Kind differs")
	}
}

func TestKindNames(t *testing.T) {
	if format.Null.String() != "null" || format.Sequence.String() != "sequence" || format.Kind(200).String() != "kind 200" {
		t.Error("a kind has another name")
	}
}

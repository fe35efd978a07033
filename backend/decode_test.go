package backend_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// vaultOf makes a vault with this text in a directory of its own.
func vaultOf(t testing.TB, text string) *backend.Vault {
	t.Helper()
	dir := t.TempDir()
	o := backend.Options{
		Store:  storefile.NewStore(filepath.Join(dir, "credentials.yml.enc"), "credentials.yml.enc"),
		Keys:   keysource.Chain{keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{})},
		Format: yaml.Format{},
	}
	if _, err := backend.Init(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	v, err := backend.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	save(t, v, text)
	return v
}

func save(t testing.TB, v *backend.Vault, text string) {
	t.Helper()
	if _, err := v.Edit(context.Background(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}

type embedded struct {
	Region string `vault:"region"`
}

func TestDecode(t *testing.T) {
	const der = "not really DER"
	block := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(der)}))
	indented := strings.ReplaceAll(block, "\n", "\n  ")
	v := vaultOf(t, `
db.username: shop
db:
  password: hunter2
  port: 5432
  pool: {max: 8}
region: eu
debug: yes
ratio: 0.25
big: 0x1F
timeout: 1m30s
since: 2024-01-31
at: 2024-01-31T10:20:30Z
site: https://user:pw@shop.example/x
address: 10.0.0.1
level: warn
key: `+base64.RawURLEncoding.EncodeToString([]byte{0xfb, 0xff, 1, 2})+`
blob: !!binary aGVsbG8=
words: plain text
pem: |
  `+indented+`
chain: |
  `+indented+indented+`
hosts: [a, b, '0123']
ports: 80, 443
waits: [1s, 2s]
none: []
nothing: null
`)
	type pool struct {
		Max int `vault:"max"`
		Min int `vault:"min"`
	}
	type config struct {
		embedded
		DB struct {
			User     string         `vault:"username,required"`
			Password backend.Secret `vault:"password,required"`
			Port     uint16         `vault:"port"`
			Host     string         `vault:"host"`
			Pool     *pool          `vault:"pool"`
		} `vault:"db"`
		Mail *struct {
			User string `vault:"user"`
		} `vault:"mail"`
		Debug    bool             `vault:"debug"`
		Ratio    float32          `vault:"ratio"`
		Big      int8             `vault:"big"`
		Timeout  time.Duration    `vault:"timeout,required"`
		Since    time.Time        `vault:"since"`
		At       *time.Time       `vault:"at"`
		Site     *url.URL         `vault:"site"`
		SiteHere url.URL          `vault:"site"`
		Address  netip.Addr       `vault:"address"`
		Level    slog.Level       `vault:"level"`
		Key      []byte           `vault:"key"`
		Blob     []byte           `vault:"blob"`
		Words    []byte           `vault:"words,raw"`
		PEM      []byte           `vault:"pem,pem"`
		Chain    [][]byte         `vault:"chain,pem"`
		Hosts    []string         `vault:"hosts"`
		Ports    []int            `vault:"ports"`
		Waits    []time.Duration  `vault:"waits"`
		Secrets  []backend.Secret `vault:"hosts"`
		None     []string         `vault:"none"`
		Nothing  *int             `vault:"nothing"`
		Absent   int              `vault:"absent"`
		Untagged string
		Skipped  string `vault:"-"`
		private  string
	}
	c := config{Absent: 7, Untagged: "as it was"}
	c.DB.Host = "localhost"
	if err := v.Decode(&c); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2024, 1, 31, 10, 20, 30, 0, time.UTC)
	got := fmt.Sprintln(c.Region, c.DB.User, c.DB.Password.Reveal(), c.DB.Port, c.DB.Host, *c.DB.Pool, c.Mail == nil, c.Debug, c.Ratio, c.Big, c.Timeout,
		c.Since.Format(time.DateOnly), c.At.Equal(at), c.Site.Host, c.SiteHere.User, c.Address, c.Level, c.Key, string(c.Blob), string(c.Words), string(c.PEM), len(c.Chain),
		c.Hosts, c.Ports, c.Waits, c.Secrets[2].Reveal(), len(c.None), c.Nothing == nil, c.Absent, c.Untagged, c.private)
	want := fmt.Sprintln("eu", "shop", "hunter2", 5432, "localhost", pool{Max: 8}, true, true, 0.25, 31, 90*time.Second,
		"2024-01-31", true, "shop.example", "user:pw", "10.0.0.1", "WARN", []byte{0xfb, 0xff, 1, 2}, "hello", "plain text", der, 2,
		[]string{"a", "b", "0123"}, []int{80, 443}, []time.Duration{time.Second, 2 * time.Second}, "0123", 0, true, 7, "as it was", "")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestDecodeErrors wants every field at fault named, and no value quoted.
func TestDecodeErrors(t *testing.T) {
	const canary = "hunter2canary"
	v := vaultOf(t, "s: '"+canary+"%zz'\nempty: ''\noct: '0123'\nbig: 300\nlist: [1, "+canary+"]\nmap: {a: "+canary+"}\ndeep: [[x]]\n")
	type recursive struct {
		Next *recursive `vault:"next"`
	}
	type config struct {
		Int      int                `vault:"s"`
		Uint     uint8              `vault:"big"`
		Octal    int                `vault:"oct"`
		Float    float64            `vault:"s"`
		Bool     bool               `vault:"s"`
		Wait     time.Duration      `vault:"s"`
		Time     time.Time          `vault:"s"`
		URL      *url.URL           `vault:"s"`
		Addr     netip.Addr         `vault:"s"`
		Level    slog.Level         `vault:"s"`
		Bytes    []byte             `vault:"s"`
		PEM      []byte             `vault:"s,pem"`
		Ints     []int              `vault:"list"`
		Map      string             `vault:"map"`
		List     string             `vault:"list"`
		Deep     []string           `vault:"deep"`
		Missing  string             `vault:"absent,required"`
		Empty    string             `vault:"empty,required"`
		Chan     chan int           `vault:"absent2"`
		Any      any                `vault:"absent3"`
		Option   string             `vault:"s,requierd"`
		Raw      string             `vault:"s,raw"`
		NoName   string             `vault:""`
		Recurses recursive          `vault:"r"`
		Nested   struct{ X string } `vault:"nested,required"`
		hidden   string             `vault:"s"` //nolint:govet // the test's point
	}
	before := config{Int: 42, hidden: "x"}
	c := before
	err := v.Decode(&c)
	if err == nil {
		t.Fatal("there is no error")
	}
	for f := range reflect.TypeFor[config]().Fields() {
		if !strings.Contains(err.Error(), "field "+f.Name) {
			t.Errorf("%s is not named", f.Name)
		}
	}
	for _, secret := range []string{canary, "zz", "0123", "300"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q shows in\n%v", secret, err)
		}
	}
	var fe *backend.FieldError
	if !errors.As(err, &fe) || fe.Field != "Int" || fe.Path != "s" || !errors.Is(err, format.ErrNotFound) {
		t.Errorf("%#v", fe)
	}
	if c.Int != 42 || c.Uint != 0 || c.Recurses.Next != nil {
		t.Error("something was filled")
	}
	for _, dst := range []any{nil, config{}, (*config)(nil), new(int)} {
		if err := v.Decode(dst); err == nil {
			t.Errorf("%T is decoded into", dst)
		}
	}
}

func TestEnviron(t *testing.T) {
	v := vaultOf(t, "db.password: hunter2\ndb.name: shop\n")
	t.Setenv("SHOP_DB__PASSWORD", "from the environment")
	t.Setenv("SHOP_DB__NAME", "")
	t.Setenv("SHOP_API__KEY_2", "k")
	t.Setenv("SHOP_PORT", "not a port")
	t.Setenv("SHOP_HOSTS", "a, b")
	for _, of := range []backend.Getter{v, backend.Layers{v}} {
		e := backend.Environ{Of: of, Prefix: "SHOP_"}
		if got := e.MustGet("db.password").Reveal() + "|" + e.MustGet("db.name").Reveal() + "|" + e.MustGet("api.key-2").Reveal(); got != "from the environment|shop|k" {
			t.Error(got)
		}
		var c struct {
			Password string   `vault:"db.password"`
			Name     string   `vault:"db.name"`
			Hosts    []string `vault:"hosts"`
		}
		if err := e.Decode(&c); err != nil || c.Password != "from the environment" || c.Name != "shop" || !slices.Equal(c.Hosts, []string{"a", "b"}) {
			t.Error(c, err)
		}
		var bad struct {
			Port int `vault:"port"`
		}
		if err := e.Decode(&bad); err == nil || err.Error() != "field Port (port, from the variable SHOP_PORT): it is not a number of the type int" {
			t.Error(err)
		}
	}
	if s, err := v.Get("db.password"); err != nil || s.Reveal() != "hunter2" {
		t.Error("the environment overrides without being asked")
	}
}

func TestMustGet(t *testing.T) {
	v := vaultOf(t, "db.password: hunter2\n")
	for _, from := range []interface{ MustGet(string) backend.Secret }{v, backend.Layers{v}, backend.Environ{Of: v}} {
		if from.MustGet("db.password").Reveal() != "hunter2" {
			t.Error("another value")
		}
		func() {
			defer func() {
				err, _ := recover().(error)
				if !errors.Is(err, format.ErrNotFound) || !strings.Contains(err.Error(), "db.passwort") {
					t.Errorf("it panics with %v", err)
				}
			}()
			from.MustGet("db.passwort")
		}()
	}
}

// TestDecodeIsOneMoment decodes while others save, and wants no mixture.
func TestDecodeIsOneMoment(t *testing.T) {
	v := vaultOf(t, "a: 0\nb: 0\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			text := fmt.Sprintf("a: %d\nb: %d\n", i, i)
			_, _ = v.Edit(context.Background(), func([]byte) ([]byte, error) { return []byte(text), nil })
		}
	}()
	for {
		var c struct {
			A int `vault:"a,required"`
			B int `vault:"b,required"`
		}
		if err := v.Decode(&c); err != nil || c.A != c.B {
			t.Fatal(c, err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// editing is a field whose value changes the vault when it is decoded.
type editing struct{ text string }

var whileDecoding func() // set by TestDecodeIsOfOneMoment alone: a field is made by its type

func (e *editing) UnmarshalText(text []byte) error {
	e.text = string(text)
	whileDecoding()
	return nil
}

func TestDecodeIsOfOneMoment(t *testing.T) {
	v, _ := newVault(t, "a: 1\nb: before\n")
	whileDecoding = func() { replace(t, v, "a: 1\nb: after\n") }
	for name, from := range map[string]interface{ Decode(any) error }{
		"vault": v, "layers": backend.Layers{v}, "variables": backend.Environ{Of: v, Prefix: "NO_"},
		"variables above variables": backend.Environ{Of: backend.Environ{Of: backend.Layers{v}, Prefix: "NO_"}, Prefix: "NOR_"},
	} {
		replace(t, v, "a: 1\nb: before\n")
		var c struct {
			A editing `vault:"a"`
			B string  `vault:"b"`
		}
		if err := from.Decode(&c); err != nil || c.B != "before" {
			t.Errorf("%s: %q, %v", name, c.B, err)
		}
	}
}

package backend_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format"
)

// TestNothingToReadIsAnError: what holds no vault is never a vault without values.
func TestNothingToReadIsAnError(t *testing.T) {
	var none *backend.Vault
	for name, from := range map[string]interface {
		Get(string) (backend.Secret, error)
		MustGet(string) backend.Secret
		Decode(any) error
	}{
		"nil layers":              backend.Layers(nil),
		"empty layers":            backend.Layers{},
		"layers of nil":           backend.Layers{nil},
		"nil vault":               none,
		"zero vault":              &backend.Vault{},
		"zero Environ":            backend.Environ{},
		"Environ of a nil vault":  backend.Environ{Of: none},
		"Environ of empty layers": backend.Environ{Of: backend.Layers{}},
	} {
		s, err := from.Get("nope")
		if !errors.Is(err, backend.ErrNoVault) || errors.Is(err, format.ErrNotFound) || s.Reveal() != "" {
			t.Errorf("%s: Get: %v", name, err)
		}
		var c struct {
			A string `vault:"nope"`
		}
		if err := from.Decode(&c); !errors.Is(err, backend.ErrNoVault) {
			t.Errorf("%s: Decode: %v", name, err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: MustGet does not panic", name)
				}
			}()
			from.MustGet("nope")
		}()
	}
	for name, v := range map[string]*backend.Vault{"nil": none, "zero": {}} {
		same := func(text []byte) ([]byte, error) { return text, nil }
		_, edit := v.Edit(t.Context(), same)
		_, update := v.Update(t.Context(), same)
		_, refresh := v.Refresh(t.Context())
		_, document := v.Document()
		for what, err := range map[string]error{
			"Edit": edit, "Update": update, "Refresh": refresh, "Document": document,
			"Reload": v.Reload(t.Context()), "Reseal": v.Reseal(t.Context()), "Watch": v.Watch(t.Context(), func() {}),
		} {
			if !errors.Is(err, backend.ErrNoVault) {
				t.Errorf("%s of a %s vault: %v", what, name, err)
			}
		}
	}
	if _, err := (backend.Layers{}).Names(); !errors.Is(err, backend.ErrNoVault) {
		t.Errorf("Names: %v", err)
	}
}

func TestIncompleteOptions(t *testing.T) {
	for _, o := range []backend.Options{{}, {Store: storefile.NewStore(t.TempDir()+"/c.yml.enc", "")}} {
		if _, err := backend.Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), "options of the vault have no ") {
			t.Errorf("Open: %v", err)
		}
		if _, err := backend.Init(context.Background(), o); err == nil || !strings.Contains(err.Error(), "options of the vault have no ") {
			t.Errorf("Init: %v", err)
		}
	}
}

// TestDamagedPEM: no block is passed by, none stands for another.
func TestDamagedPEM(t *testing.T) {
	block := func(text string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(text)}))
	}
	a, b := block("first of them"), block("second of them")
	damaged := strings.Replace(a, "\n", "\n*", 1)
	for _, c := range []struct {
		name, text string
		one, all   string // the errors
	}{
		{"one", a, "", ""},
		{"white space", "\n " + a + "\r\n\n", "", ""},
		{"two", a + b, "it has 2 PEM blocks, not one", ""},
		{"damaged first", damaged + b, "PEM block 1 is damaged", "PEM block 1 is damaged"},
		{"damaged second", b + damaged, "PEM block 2 is damaged", "PEM block 2 is damaged"},
		{"damaged middle", b + damaged + b, "PEM block 2 is damaged", "PEM block 2 is damaged"},
		{"cut", a + b[:len(b)-10], "PEM block 2 is damaged", "PEM block 2 is damaged"},
		{"damaged line BEGIN", a[1:] + b, "it is not PEM: it does not start with -----BEGIN", "it is not PEM: it does not start with -----BEGIN"},
		{"garbage behind", a + "hunter2", "there is text behind PEM block 1", "there is text behind PEM block 1"},
		{"garbage before", "hunter2\n" + a, "it is not PEM: it does not start with -----BEGIN", "it is not PEM: it does not start with -----BEGIN"},
		{"none", "hunter2", "it is not PEM: it does not start with -----BEGIN", "it is not PEM: it does not start with -----BEGIN"},
	} {
		quoted := fmt.Sprintf("p: %q\n", c.text)
		v := vaultOf(t, quoted)
		var one struct {
			P []byte `vault:"p,pem"`
		}
		if err := v.Decode(&one); !says(err, c.one) || (err == nil) != (string(one.P) == "first of them") {
			t.Errorf("%s: []byte: %v", c.name, err)
		}
		var all struct {
			P [][]byte `vault:"p,pem"`
		}
		if err := v.Decode(&all); !says(err, c.all) || (err == nil) == (all.P == nil) {
			t.Errorf("%s: [][]byte: %v", c.name, err)
		}
	}
	var c struct {
		P []byte `vault:"p,pem"`
	}
	if err := vaultOf(t, "p: !!binary aHVudGVyMg==\n").Decode(&c); !says(err, "it is not PEM: it does not start with -----BEGIN") {
		t.Errorf("binary: %v", err)
	}
}

// says reports whether an error ends in a text; "" is for no error.
func says(err error, text string) bool {
	if text == "" || err == nil {
		return (text == "") == (err == nil)
	}
	return strings.HasSuffix(err.Error(), ": "+text)
}

// upper is a map with its own way from a text.
type upper map[string]string

func (u upper) UnmarshalText(text []byte) error { u["text"] = string(text); return nil }

// panics quotes what it is given, as a careless type does.
type panics int

func (*panics) UnmarshalText(text []byte) error { panic("cannot take " + string(text)) }

func TestDecodeIsStrict(t *testing.T) {
	const null = "it is null"
	v := vaultOf(t, "oct: 0123\nempty: []\nnothing: '='\nblank: ' '\nscalar: hunter2\nlist: [1, ~]\nmap: {}\nflat: x\nflat.name: y\n")
	for _, c := range []struct {
		name string
		dst  any
		want string
	}{
		{"octal float", &struct {
			F float64 `vault:"oct"`
		}{}, "it is a number that begins with 0, which some read as octal: leave the 0 out"},
		{"required list", &struct {
			F []string `vault:"empty,required"`
		}{}, "it is empty"},
		{"required blank list", &struct {
			F []string `vault:"blank,required"`
		}{}, "it is empty"},
		{"required secret list", &struct {
			F backend.Secret `vault:"empty,required"`
		}{}, "it is empty"},
		{"required secret mapping", &struct {
			F backend.Secret `vault:"map,required"`
		}{}, "it is empty"},
		{"required bytes", &struct {
			F []byte `vault:"nothing,required"`
		}{}, "it is empty"},
		{"empty list", &struct {
			F []string `vault:"empty"`
		}{}, ""},
		{"struct of a scalar", &struct {
			F struct {
				G string `vault:"g"`
			} `vault:"scalar"`
		}{}, "it is a string, not a mapping"},
		{"pointer to a struct of a list", &struct {
			F *struct {
				G string `vault:"g"`
			} `vault:"list"`
		}{}, "it is a sequence, not a mapping"},
		{"flat names", &struct {
			F struct {
				Name string `vault:"name"`
			} `vault:"flat"`
		}{}, ""},
		{"null in ints", &struct {
			F []int `vault:"list"`
		}{}, "item 2: " + null},
		{"null in strings", &struct {
			F []string `vault:"list"`
		}{}, "item 2: " + null},
		{"null in pointers", &struct {
			F []*int `vault:"list"`
		}{}, ""},
		{"null in secrets", &struct {
			F []backend.Secret `vault:"list"`
		}{}, ""},
		{"panic", &struct {
			F panics `vault:"scalar"`
		}{}, "the UnmarshalText of backend_test.panics panics"},
	} {
		if err := v.Decode(c.dst); !says(err, c.want) || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	t.Setenv("SCALAR2", "x") // a variable is no mapping of the vault
	var env struct {
		F struct {
			G string `vault:"g"`
		} `vault:"scalar2"`
	}
	if err := (backend.Environ{Of: v}).Decode(&env); err != nil {
		t.Error(err)
	}
}

// TestDecodeKeepsMaps: on an error nothing changes, what a field points to included.
func TestDecodeKeepsMaps(t *testing.T) {
	v := vaultOf(t, "a: after\nb: no number\n")
	before := upper{"text": "before"}
	c := struct {
		A upper `vault:"a"`
		B int   `vault:"b"`
	}{A: before}
	if err := v.Decode(&c); err == nil || before["text"] != "before" {
		t.Errorf("%v, %v", before, err)
	}
	var nilMap struct {
		A upper `vault:"a"`
	}
	if err := v.Decode(&nilMap); err != nil || nilMap.A["text"] != "after" {
		t.Errorf("%v, %v", nilMap.A, err)
	}
}

// TestDecodeYAMLForms takes numbers and times in the forms that YAML and TOML have.
func TestDecodeYAMLForms(t *testing.T) {
	v := vaultOf(t, "floats: [.inf, -.INF, .NaN, 0.5, 1e3]\n")
	var c struct {
		Floats []float64 `vault:"floats"`
	}
	if err := v.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if !math.IsInf(c.Floats[0], 1) || !math.IsInf(c.Floats[1], -1) || !math.IsNaN(c.Floats[2]) || c.Floats[3] != 0.5 || c.Floats[4] != 1000 {
		t.Error(c.Floats)
	}
	want := time.Date(2024, 6, 28, 8, 20, 30, 0, time.UTC)
	for _, text := range []string{
		"2024-06-28T08:20:30Z", "2024-06-28T10:20:30+02:00", "2024-06-28t10:20:30+02:00", "2024-06-28 10:20:30 +02:00", "2024-06-28 10:20:30+02:00",
		"2024-06-28 10:20:30 +02", "2024-06-28 08:20:30", "2024-06-28T08:20:30", "2024-06-28 08:20:30.000 Z", "2024-06-28T08:20:30.0",
	} {
		var c struct {
			At time.Time `vault:"at"`
		}
		if err := vaultOf(t, "at: "+text+"\n").Decode(&c); err != nil || !c.At.Equal(want) {
			t.Errorf("%s: %v, %v", text, c.At, err)
		}
	}
}

package oskeyring

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
)

func ExampleNew() {
	src, err := New(keysource.Settings{"service": "shop", "backend": "kernel"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(src.Name())
	// Output: keyring kernel (shop, master-key)
}

func TestSettings(t *testing.T) {
	for _, s := range []keysource.Settings{
		{"servce": "x"}, {"backend": "wallet"}, {"service": "a\nb"}, {"account": strings.Repeat("x", 201)},
	} {
		if _, err := New(s); err == nil {
			t.Errorf("%v was accepted", s)
		}
	}
}

// stuck is a keyring that never answers, as one is that shows a dialogue which
// nobody sees.
type stuck struct{}

func (stuck) get(string, string) (string, error) { select {} }
func (stuck) set(string, string, string) error   { select {} }
func (stuck) remove(string, string) error        { select {} }

func TestPatienceEnds(t *testing.T) {
	src := source{backend: stuck{}, kind: "stuck", service: "s", account: "a", patience: 20 * time.Millisecond}
	_, load := src.Load(t.Context())
	for _, err := range []error{load, src.Save(t.Context(), keysource.NewKey()), src.Delete(t.Context())} {
		var e *external.Error
		if !errors.As(err, &e) || e.Code != external.Locked {
			t.Errorf("got %v", err)
		}
	}
}

// forgetful is a keyring that says yes and keeps something else.
type forgetful struct{}

func (forgetful) get(string, string) (string, error) { return keysource.NewKey().Text(), nil }
func (forgetful) set(string, string, string) error   { return nil }
func (forgetful) remove(string, string) error        { return nil }

func TestSaveReadsBack(t *testing.T) {
	src := source{backend: forgetful{}, patience: time.Second}
	if err := src.Save(t.Context(), keysource.NewKey()); err == nil {
		t.Error("the wrong key was not noticed")
	}
}

package keysource_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
)

// source is a source that answers as it is told.
type source struct {
	name string
	key  keysource.Key
	err  error
}

func (s source) Name() string                                { return s.name }
func (s source) Load(context.Context) (keysource.Key, error) { return s.key, s.err }

func TestChain(t *testing.T) {
	key := keysource.NewKey()
	none := source{name: "none", err: fmt.Errorf("%w: nothing here", keysource.ErrNoKey)}
	broken := source{name: "broken", err: errors.New("it is on fire")}
	has := source{name: "has", key: key}

	k, from, err := keysource.Chain{none, has, broken}.Find(t.Context())
	if err != nil || !k.Equal(key) || from.Name() != "has" {
		t.Errorf("found %v from %v, %v", k, from, err)
	}

	_, err = keysource.Chain{none, none}.Load(t.Context())
	var all *keysource.NoKeyError
	if !errors.As(err, &all) || len(all.Answers) != 2 || !errors.Is(err, keysource.ErrNoKey) || !strings.Contains(err.Error(), "none: no key: nothing here") {
		t.Errorf("nobody has it: %v", err)
	}

	// A source that fails is not passed over: the next one may hold an older key.
	_, err = keysource.Chain{broken, has}.Load(t.Context())
	var failed *keysource.SourceError
	if !errors.As(err, &failed) || failed.Source != "broken" || errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("one fails: %v", err)
	}

	if _, err := (keysource.Chain{source{name: "mute"}}).Load(t.Context()); !errors.As(err, &failed) {
		t.Errorf("neither key nor error: %v", err)
	}
	if _, err := (keysource.Chain{}).Load(t.Context()); !errors.Is(err, keysource.ErrNoKey) {
		t.Errorf("empty chain: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (keysource.Chain{has}).Load(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func TestRegistry(t *testing.T) {
	r := keysource.Registry{"a": func(s keysource.Settings) (keysource.Source, error) {
		return source{name: "a " + s["x"]}, s.Only("x")
	}}
	if s, err := r.New("a", keysource.Settings{"x": "1"}); err != nil || s.Name() != "a 1" {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := r.New("a", keysource.Settings{"y": "1"}); err == nil || !strings.Contains(err.Error(), `unknown setting "y"`) {
		t.Errorf("unknown setting: %v", err)
	}
	var unknown *keysource.UnknownError
	if _, err := r.New("b", nil); !errors.As(err, &unknown) || unknown.Name != "b" {
		t.Errorf("unknown name: %v", err)
	}
}

func ExampleChain() {
	chain := keysource.Chain{
		source{name: "env SHOP_KEY", err: fmt.Errorf("%w: the variable is not set or empty", keysource.ErrNoKey)},
		source{name: "file master.key", err: fmt.Errorf("%w: there is no such file", keysource.ErrNoKey)},
	}
	_, err := chain.Load(context.Background())
	fmt.Println(err)
	// Output:
	// no key source has a key
	//   env SHOP_KEY: no key: the variable is not set or empty
	//   file master.key: no key: there is no such file
}

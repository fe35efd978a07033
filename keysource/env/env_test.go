package env_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/env"
)

func TestLoad(t *testing.T) {
	s := env.New("FLASK_VAULT_TEST_KEY")
	for value, want := range map[string]error{
		"":                           keysource.ErrNoKey,
		" \n":                        keysource.ErrNoKey,
		"MDEyMzQ1Njc4OWFiY2RlZg==":   nil,
		"MDEyMzQ1Njc4OWFiY2RlZg==\n": nil,
		"hunter2":                    keysource.ErrBadKey,
	} {
		t.Setenv("FLASK_VAULT_TEST_KEY", value)
		if _, err := s.Load(t.Context()); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", value, err, want)
		}
	}
	if got := env.New("").Variable(); got != env.DefaultName {
		t.Errorf("the default variable is %s", got)
	}
}

func Example() {
	_ = os.Setenv("SHOP_KEY", "MDEyMzQ1Njc4OWFiY2RlZg==")
	k, err := env.New("SHOP_KEY").Load(context.Background())
	fmt.Println(k, err)
	// Output: [key a23c29c5] <nil>
}

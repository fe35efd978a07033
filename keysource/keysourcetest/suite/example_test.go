package suite_test

import (
	"context"
	"fmt"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/keysourcetest/suite"
)

// nowhere is a source that never has a key.
type nowhere struct{}

func (nowhere) Name() string { return "nowhere" }

func (nowhere) Load(context.Context) (keysource.Key, error) {
	return keysource.Key{}, keysource.ErrNoKey
}

func ExampleCheck() {
	h := suite.Harness{New: func(keysource.Settings) (keysource.Source, error) { return nowhere{}, nil }}
	for _, r := range suite.Check(context.Background(), h) {
		switch {
		case r.Err != nil:
			fmt.Println("FAIL", r.Name+":", r.Err)
		case r.Skipped == "":
			fmt.Println("ok  ", r.Name)
		}
	}
	// Output:
	// ok   name is one short line
	// FAIL an unknown setting is refused: a setting that does not exist gave ErrNoKey, so the next source would be asked: no key
	// ok   load answers
	// ok   no error and no name holds a part of a key
}

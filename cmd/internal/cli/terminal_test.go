package cli

import (
	"errors"
	"fmt"
	"testing"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/keysource"
)

func TestSentence(t *testing.T) {
	joined := errors.Join(errors.New("one\nline"), errors.New("two"))
	none := &keysource.NoKeyError{Answers: []keysource.Answer{{Source: "file a\nb", Err: errors.New("not\there")}}}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{errors.New("a\tb\nc\x1b[2J"), `a\tb\nc\x1b[2J`},
		{joined, `one\nline; two`},
		{fmt.Errorf("x: %w; y", joined), `x: one\nline; two; y`},
		{&hintError{fmt.Errorf("x\n: %w", errors.Join(joined, errors.New("three"))), ""}, `x\n: one\nline; two; three`},
		{fmt.Errorf("%w and %w", errors.New("a\n"), errors.New("b")), `a\n and b`},
		{fmt.Errorf("x\n: %w", none), `x\n: no key source has a key` + "\n" + `  file a\nb: not\there`},
		{&keysource.NoKeyError{}, "no key source is configured"},
		{&config.Error{Where: "f", Msg: "add:\n  x"}, "f: add:\n  x"},
	} {
		if got := sentence(tc.err); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.err, got, tc.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"a/b.yml": "a/b.yml", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "größe": "'größe'",
		"a\n1": `$'a\n1'`, "it's\t\\": `$'it\'s\t\\'`, "\x1b[2": `$'\033[2'`, "\xff1": `$'\3771'`,
	} {
		if got := quote(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

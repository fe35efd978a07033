package yaml

import (
	"errors"
	"testing"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

func seeds(f *testing.F, add func(text string)) {
	for _, kind := range []string{"vaults", "broken"} {
		for _, dir := range vectorDirs(f, kind) {
			text, _ := readVector(f, dir)
			if len(text) < 4096 {
				add(string(text))
			}
		}
	}
	for i := range 20 {
		add(genDocument().Example(i))
	}
}

// FuzzParse: Parse never panics, and what it accepts it gives back.
func FuzzParse(f *testing.F) {
	seeds(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		if doc := formattest.Parsed(t, Format{}, text); doc != nil {
			snapshot(t, doc)
			checkRendered(t, treeOf(doc), text)
		}
	})
}

// FuzzPath: no path makes Get, Set or Unset panic, and none that fails changes
// the text.
func FuzzPath(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, "db.password"); f.Add(text, "a.b.c") })
	f.Fuzz(func(t *testing.T, text, path string) {
		doc, err := Format{}.Parse([]byte(text))
		if err != nil {
			return
		}
		_, err = doc.Get(path)
		if err != nil && !errors.Is(err, format.ErrNotFound) {
			t.Fatal(err)
		}
		if doc.Unset(path) != nil && string(doc.Bytes()) != text {
			t.Fatal("a failed Unset changed the text")
		}
	})
}

// FuzzSet: Set gives back what it was given, or changes nothing.
func FuzzSet(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, "db.password", "new"); f.Add(text, "a", pem) })
	f.Fuzz(func(t *testing.T, text, path, value string) {
		if doc := formattest.Changed(t, Format{}, text, path, value); doc != nil {
			snapshot(t, doc)
		}
	})
}

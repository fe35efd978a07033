package yaml

import (
	"testing"

	yamllib "go.yaml.in/yaml/v4"
)

func BenchmarkParse10000Keys(b *testing.B) {
	text := flat(10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := (Format{}).Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNodes10000Keys is the parser alone, to compare Parse with.
func BenchmarkNodes10000Keys(b *testing.B) {
	text := flat(10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var n yamllib.Node
		if err := yamllib.Load(text, &n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse10000KeysWithTab(b *testing.B) {
	text := append([]byte("# a\ttab\n"), flat(10_000)...)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := (Format{}).Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet10000Keys(b *testing.B) {
	doc, err := Format{}.Parse(flat(10_000))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := doc.Get("section99.key9999"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNames10000Keys(b *testing.B) {
	doc, err := Format{}.Parse(flat(10_000))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if len(doc.Names()) != 10_000 {
			b.Fatal("names are missing")
		}
	}
}

func BenchmarkSet10000Keys(b *testing.B) {
	doc, err := Format{}.Parse(flat(10_000))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := doc.Set("section99.key9999", "x"); err != nil {
			b.Fatal(err)
		}
	}
}

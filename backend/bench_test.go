package backend_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

// benchVault makes a vault of n values in quotes, or in a form that only the full
// parser reads.
func benchVault(b *testing.B, n int, simple bool) (backend.Options, string) {
	b.Helper()
	dir := b.TempDir()
	path := filepath.Join(dir, "credentials.yml.enc")
	o := backend.Options{
		Store:  storefile.NewStore(path, "credentials.yml.enc"),
		Keys:   keysource.Chain{keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{})},
		Format: yaml.Format{},
	}
	ctx := context.Background()
	if _, err := backend.Init(ctx, o); err != nil {
		b.Fatal(err)
	}
	v, err := backend.Open(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "service%d.key%d: \"correct horse battery %d\"\n", i/10, i%10, i)
	}
	if !simple {
		text.WriteString("last: [a, b]\n")
	}
	if _, err := v.Edit(ctx, func([]byte) ([]byte, error) { return []byte(text.String()), nil }); err != nil {
		b.Fatal(err)
	}
	return o, path
}

// BenchmarkGet is one value of an open vault, asked by one goroutine and by as many as
// there are processors, against a bare map behind an atomic pointer. With several, the
// time is that of all calls divided by their number.
func BenchmarkGet(b *testing.B) {
	const name = "service0.key7"
	for _, n := range []int{10, 10_000} {
		o, _ := benchVault(b, n, true)
		v, err := backend.Open(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		for range 2 { // the second question has all values looked up
			if _, err := v.Get(name); err != nil {
				b.Fatal(err)
			}
		}
		names, err := v.Names()
		if err != nil {
			b.Fatal(err)
		}
		values := map[string]*string{}
		for _, name := range names {
			values[name] = &name
		}
		var bare atomic.Pointer[map[string]*string]
		bare.Store(&values)

		b.Run(fmt.Sprintf("keys=%d/vault", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if s, err := v.Get(name); err != nil || s.Reveal() == "" {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("keys=%d/bare", n), func(b *testing.B) {
			for b.Loop() {
				if s, ok := (*bare.Load())[name]; !ok || *s == "" {
					b.Fatal("missing")
				}
			}
		})
		b.Run(fmt.Sprintf("keys=%d/vault-parallel", n), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if s, err := v.Get(name); err != nil || s.Reveal() == "" {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkLoad is a vault opened and asked once, against its document decoded
// into a map, as a program does that uses a YAML library.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10_000, 20_000} {
		o, _ := benchVault(b, n, true)
		b.Run(fmt.Sprintf("keys=%d/vault", n), func(b *testing.B) {
			for b.Loop() {
				v, err := backend.Open(context.Background(), o)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := v.Get("service0.key7"); err != nil {
					b.Fatal(err)
				}
			}
		})
		v, err := backend.Open(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		text := v.Text()
		b.Run(fmt.Sprintf("keys=%d/map", n), func(b *testing.B) {
			for b.Loop() {
				var m map[string]any
				if err := yamllib.Load(text, &m); err != nil || len(m) != n {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen is a vault opened and asked once, against the parts of that: the
// file read, decoded and decrypted, and parsed into nodes.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		for _, simple := range []bool{true, false} {
			o, path := benchVault(b, n, simple)
			ctx := context.Background()
			name := fmt.Sprintf("keys=%d/simple=%v", n, simple)
			b.Run(name+"/vault", func(b *testing.B) {
				for b.Loop() {
					v, err := backend.Open(ctx, o)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := v.Get("service0.key7"); err != nil {
						b.Fatal(err)
					}
				}
			})
			key, _, err := o.Keys.Find(ctx)
			if err != nil {
				b.Fatal(err)
			}
			keyPath := filepath.Join(filepath.Dir(path), "master.key")
			b.Run(name+"/parts", func(b *testing.B) {
				for b.Loop() {
					if _, err := os.ReadFile(keyPath); err != nil {
						b.Fatal(err)
					}
					block, _ := aes.NewCipher(key.Bytes())
					aead, _ := cipher.NewGCMWithRandomNonce(block)
					blob, err := os.ReadFile(path)
					if err != nil {
						b.Fatal(err)
					}
					raw, err := base64.URLEncoding.AppendDecode(nil, blob)
					if err != nil {
						b.Fatal(err)
					}
					text, err := aead.Open(raw[:0], nil, raw, nil)
					if err != nil {
						b.Fatal(err)
					}
					var node yamllib.Node
					if err := yamllib.Load(text, &node); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkToken is a token of 64 bytes into a buffer of the caller, against the
// parts of that: a random nonce, AES-GCM and base64.
func BenchmarkToken(b *testing.B) {
	key := keysource.NewKey()
	c, err := backend.NewCipher(key)
	if err != nil {
		b.Fatal(err)
	}
	plaintext := make([]byte, 64)
	var token []byte
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if token, err = c.AppendSeal(token[:0], plaintext, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		var back []byte
		b.ReportAllocs()
		for b.Loop() {
			if back, err = c.AppendOpen(back[:0], token, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("key-each-time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			once, err := backend.NewCipher(key)
			if err != nil {
				b.Fatal(err)
			}
			if token, err = once.AppendSeal(token[:0], plaintext, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parts", func(b *testing.B) {
		block, _ := aes.NewCipher(key.Bytes())
		aead, _ := cipher.NewGCM(block)
		sealed, out := make([]byte, 12, 128), make([]byte, 0, 256)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = rand.Read(sealed[:12])
			out = base64.URLEncoding.AppendEncode(out[:0], aead.Seal(sealed[:12], sealed[:12], plaintext, nil))
		}
	})
}

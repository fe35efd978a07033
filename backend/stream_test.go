package backend_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

const (
	mib   = 1 << 20
	piece = 96 << 10 // of what is taken piece by piece
)

// noise is content that is the same in every run.
func noise(seed uint64, n int) []byte {
	var s [32]byte
	s[0], s[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(s).Read(b)
	return b
}

// pipe has the content, and cannot be read twice.
func pipe(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

func write(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onlyFiles fails unless the directory holds just these.
func onlyFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the directory holds %q, want %q", got, names)
	}
}

// copied is all that the content has.
func copied(x *backend.Content, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer x.Close()
	var b bytes.Buffer
	if err := x.CopyTo(context.Background(), &b); err != nil {
		return b.Bytes(), err
	}
	var again bytes.Buffer
	if err := x.CopyTo(context.Background(), &again); err != nil {
		return nil, err
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		return nil, errors.New("the second copy differs from the first")
	}
	return b.Bytes(), nil
}

// TestPiecesAndWholeAreOne: what was sealed piece by piece opens as a whole, and
// the other way round, at every border.
func TestPiecesAndWholeAreOne(t *testing.T) {
	ctx, dir, c := t.Context(), t.TempDir(), newCipher(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	for i, n := range []int{
		0, 1, mib, mib + 1, 11*piece - 17, 11*piece - 16, 11*piece - 1, 11 * piece, 11*piece + 1, 12*piece - 28,
		12*piece - 16, 12*piece - 12, 16*piece - 1, 16 * piece, 16*piece + 1,
	} {
		plaintext := noise(uint64(i), n)
		src := write(t, path("src"), plaintext)
		for what, seal := range map[string]func(w io.Writer) error{
			"a pipe": func(w io.Writer) error { return c.SealTo(ctx, w, "it", pipe(plaintext), backend.FileOptions{}) },
			"a file": func(w io.Writer) error {
				if err := c.EncryptFile(ctx, src, path("enc"), backend.FileOptions{}); err != nil {
					return err
				}
				defer os.Remove(path("enc"))
				_, err := w.Write(read(t, path("enc")))
				return err
			},
			"a pipe into a file": func(w io.Writer) error {
				if err := c.EncryptFrom(ctx, "it", pipe(plaintext), path("enc"), backend.FileOptions{}); err != nil {
					return err
				}
				defer os.Remove(path("enc"))
				_, err := w.Write(read(t, path("enc")))
				return err
			},
		} {
			var text bytes.Buffer
			if err := seal(&text); err != nil {
				t.Fatalf("%d bytes from %s: %v", n, what, err)
			}
			if got, err := c.Open(text.Bytes(), nil); err != nil || !bytes.Equal(got, plaintext) || text.Len() != (n+28+2)/3*4 {
				t.Fatalf("%d bytes from %s: %v, or another plaintext, or %d characters", n, what, err, text.Len())
			}
		}
		token, err := c.Seal(plaintext, nil)
		if err != nil {
			t.Fatal(err)
		}
		enc := write(t, path("enc"), token)
		if got, err := copied(c.OpenContent(ctx, enc, backend.FileOptions{})); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("%d bytes of a file: %v, or another plaintext", n, err)
		}
		if got, err := copied(c.OpenContentFrom(ctx, "it", pipe(token), backend.FileOptions{})); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("%d bytes of a pipe: %v, or another plaintext", n, err)
		}
		for what, decrypt := range map[string]func() error{
			"a file": func() error { return c.DecryptFile(ctx, enc, path("out"), backend.FileOptions{}) },
			"a pipe": func() error { return c.DecryptFrom(ctx, "it", pipe(token), path("out"), backend.FileOptions{}) },
		} {
			if err := decrypt(); err != nil || !bytes.Equal(read(t, path("out")), plaintext) {
				t.Fatalf("%d bytes of %s into a file: %v, or another plaintext", n, what, err)
			}
			_ = os.Remove(path("out"))
		}
		_ = os.Remove(enc)
	}
	onlyFiles(t, dir, "src")
}

// TestLargeTextInOtherForms takes the texts that a whole envelope may have, and
// those that it may not.
func TestLargeTextInOtherForms(t *testing.T) {
	ctx, c := t.Context(), newCipher(t)
	plaintext := noise(1, 2*mib+1)
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := string(token)
	wrap := func(n int, end string) string {
		var b strings.Builder
		for rest := text; rest != ""; {
			line := rest[:min(n, len(rest))]
			b.WriteString(line + end)
			rest = rest[len(line):]
		}
		return b.String()
	}
	middle := len(text) / 2
	for what, form := range map[string]struct {
		text   string
		reason string // "" if it opens
	}{
		"as it is":           {text, ""},
		"a newline":          {text + "\n", ""},
		"CRLF":               {text + "\r\n", ""},
		"space around":       {" \t\n" + text + " \v\f\n ", ""},
		"wrapped":            {wrap(76, "\n"), ""},
		"wrapped with CRLF":  {wrap(64, "\r\n"), ""},
		"one line end":       {text[:middle] + "\n" + text[middle:], ""},
		"much space":         {text + strings.Repeat(" ", mib), ""},
		"a space in it":      {text[:middle] + " " + text[middle:], "it looks like plain text that was never encrypted"},
		"indented lines":     {wrap(76, "\n  "), ""},
		"a plus":             {text[:middle] + "+" + text[middle+1:], "it is not base64 in the URL-safe alphabet"},
		"a high bit":         {text[:middle] + "\xff" + text[middle+1:], "it is binary data, not base64"},
		"cut":                {text[:middle/4*4+1], "it is cut short"},
		"padding inside":     {text[:middle/4*4] + "AA==" + text[middle/4*4:], "it is not URL-safe base64 with padding"},
		"twice":              {text + text, "it is not URL-safe base64 with padding"},
		"text behind":        {text + "\nAAAA", "it is not URL-safe base64 with padding"},
		"a merge":            {"<<<<<<< ours\n" + text + "\n=======\n" + text + "\n>>>>>>> theirs\n", "it holds the conflict markers of a git merge"},
		"a newer version":    {"v2." + text, "it was made by a newer version of flask-vault"},
		"a text":             {strings.Repeat("password: hunter2 für alle\n", 100_000), "it looks like plain text that was never encrypted"},
		"white space, lots":  {strings.Repeat(" \n", mib), "it is empty"},
		"a byte, much space": {"AAAA" + strings.Repeat("\n", 2*mib), "it is cut short"},
	} {
		if what == "indented lines" { // a space within
			form.reason = "it looks like plain text that was never encrypted"
		}
		if (!strings.HasSuffix(text, "=")) && what == "twice" {
			t.Fatal("the text has no padding, which is what this is about")
		}
		path := write(t, filepath.Join(t.TempDir(), "enc"), []byte(form.text))
		content := func(r io.Reader) ([]byte, error) {
			return copied(c.OpenContentFrom(ctx, "it", r, backend.FileOptions{}))
		}
		into := func(r io.Reader) ([]byte, error) {
			out := filepath.Join(t.TempDir(), "out")
			if err := c.DecryptFrom(ctx, "it", r, out, backend.FileOptions{}); err != nil {
				onlyFiles(t, filepath.Dir(out))
				return nil, err
			}
			return read(t, out), nil
		}
		for _, open := range []func(io.Reader) ([]byte, error){content, into} {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []io.Reader{f, pipe([]byte(form.text))} {
				got, err := open(r)
				var e *backend.EnvelopeError
				switch {
				case form.reason == "" && (err != nil || !bytes.Equal(got, plaintext)):
					t.Errorf("%s: %v, or another plaintext", what, err)
				case form.reason != "" && (!errors.As(err, &e) || e.Reason != form.reason || got != nil):
					t.Errorf("%s: %v, want %q", what, err, form.reason)
				}
			}
			_ = f.Close()
		}
	}
}

// TestLargeFilesThatWereChanged: nothing of them gets out.
func TestLargeFilesThatWereChanged(t *testing.T) {
	ctx, c, dir := t.Context(), newCipher(t), t.TempDir()
	token, err := c.Seal(noise(2, 3*mib), nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := base64.URLEncoding.DecodeString(string(token))
	if err != nil {
		t.Fatal(err)
	}
	pick := rand.New(rand.NewPCG(3, 3))
	places := []int{0, 11, 12, 27, piece, piece + 12, len(sealed) - 17, len(sealed) - 16, len(sealed) - 1}
	for range 8 {
		places = append(places, pick.IntN(len(sealed)))
	}
	for _, at := range places {
		changed := bytes.Clone(sealed)
		changed[at] ^= 1 << pick.IntN(8)
		text := []byte(base64.URLEncoding.EncodeToString(changed))
		enc := write(t, filepath.Join(dir, "enc"), text)
		if _, err := c.OpenContent(ctx, enc, backend.FileOptions{}); !errors.Is(err, backend.ErrAuth) {
			t.Errorf("byte %d: content: %v", at, err)
		}
		for _, force := range []bool{false, true} {
			if err := c.DecryptFile(ctx, enc, filepath.Join(dir, "out"), backend.FileOptions{Force: force}); !errors.Is(err, backend.ErrAuth) {
				t.Errorf("byte %d: into a file: %v", at, err)
			}
		}
		onlyFiles(t, dir, "enc")
	}
	// Whole groups cut off the end, or a piece left out, are no error of base64.
	for _, text := range [][]byte{token[:len(token)/2/4*4], append(bytes.Clone(token[:4*piece]), token[8*piece:]...)} {
		enc := write(t, filepath.Join(dir, "enc"), text)
		if err := c.DecryptFile(ctx, enc, filepath.Join(dir, "out"), backend.FileOptions{}); !errors.Is(err, backend.ErrAuth) {
			t.Errorf("%d characters left: %v", len(text), err)
		}
	}
	onlyFiles(t, dir, "enc")
}

// TestAFileThatChangesWhileItIsRead: what gets out between is only what was checked.
func TestAFileThatChangesWhileItIsRead(t *testing.T) {
	ctx, c := t.Context(), newCipher(t)
	plaintext := noise(4, 2*mib)
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Seal(noise(5, 2*mib), nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(f *os.File) error{
		"a character in the middle": func(f *os.File) error { _, err := f.WriteAt([]byte("*"), mib); return err },
		"a good character": func(f *os.File) error {
			good := byte('A')
			if token[mib] == 'A' {
				good = 'B'
			}
			_, err := f.WriteAt([]byte{good}, mib)
			return err
		},
		"all, by another good file": func(f *os.File) error { _, err := f.WriteAt(other, 0); return err },
		"cut":                       func(f *os.File) error { return f.Truncate(mib) },
		"cut to nothing":            func(f *os.File) error { return f.Truncate(0) },
		"longer":                    func(f *os.File) error { _, err := f.WriteAt([]byte("AAAA"), int64(len(token))); return err },
	} {
		path := write(t, filepath.Join(t.TempDir(), "enc"), token)
		x, err := c.OpenContent(ctx, path, backend.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(f); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		var got bytes.Buffer
		if err := x.CopyTo(ctx, &got); !errors.Is(err, backend.ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
		if !bytes.HasPrefix(plaintext, got.Bytes()) {
			t.Errorf("%s: something got out that was not sealed", what)
		}
		_ = x.Close()
	}
}

// TestLargeDestinations has the rules of destinations for large files.
func TestLargeDestinations(t *testing.T) {
	ctx, dir, c := t.Context(), t.TempDir(), newCipher(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	one, two := noise(6, 2*mib), noise(7, 2*mib)
	src := write(t, path("a"), one)
	var refused *backend.DestinationError

	if err := c.EncryptFile(ctx, src, path("a.enc"), backend.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	first := read(t, path("a.enc"))
	if err := os.Chmod(path("a.enc"), 0o640); err != nil {
		t.Fatal(err)
	}
	for what, again := range map[string]func() error{
		"file":   func() error { return c.EncryptFile(ctx, src, path("a.enc"), backend.FileOptions{}) },
		"pipe":   func() error { return c.EncryptFrom(ctx, "it", pipe(one), path("a.enc"), backend.FileOptions{}) },
		"memory": func() error { return c.WriteEncrypted(ctx, path("a.enc"), one, backend.FileOptions{}) },
	} {
		if err := again(); err != nil || !bytes.Equal(read(t, path("a.enc")), first) {
			t.Errorf("the same content from a %s: %v, or it was written again", what, err)
		}
	}
	for _, from := range []io.Reader{pipe(two), pipe(one[:len(one)-1]), pipe(append(bytes.Clone(one), 0)), pipe([]byte("short"))} {
		before := read(t, path("a.enc"))
		if err := c.EncryptFrom(ctx, "it", from, path("a.enc"), backend.FileOptions{}); err != nil || bytes.Equal(before, read(t, path("a.enc"))) {
			t.Errorf("another content: %v, or it was not written", err)
		}
	}
	if err := c.EncryptFile(ctx, src, path("a.enc"), backend.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path("a.enc")); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	write(t, path("b"), two)
	if err := c.EncryptFile(ctx, src, path("b"), backend.FileOptions{}); !errors.As(err, &refused) || !refused.Forced {
		t.Errorf("over a file that is no earlier version: %v", err)
	}
	if err := c.EncryptFile(ctx, src, src, backend.FileOptions{Force: true}); !errors.As(err, &refused) || refused.Forced {
		t.Errorf("over itself: %v", err)
	}
	if err := c.DecryptFile(ctx, path("a.enc"), path("a.enc"), backend.FileOptions{Force: true}); !errors.As(err, &refused) || refused.Forced {
		t.Errorf("decrypt over itself: %v", err)
	}
	if err := c.DecryptFile(ctx, path("a.enc"), path("b"), backend.FileOptions{}); !errors.As(err, &refused) || !refused.Forced || !bytes.Equal(read(t, path("b")), two) {
		t.Errorf("decrypt over another content: %v", err)
	}
	before, err := os.Stat(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DecryptFile(ctx, path("a.enc"), src, backend.FileOptions{}); err != nil {
		t.Errorf("decrypt over the same content: %v", err)
	}
	if after, err := os.Stat(src); err != nil || !os.SameFile(before, after) {
		t.Errorf("decrypt over the same content: %v, or it was written again", err)
	}
	if err := c.DecryptFile(ctx, path("a.enc"), path("b"), backend.FileOptions{Force: true}); err != nil || !bytes.Equal(read(t, path("b")), one) {
		t.Errorf("decrypt with force: %v", err)
	}
	onlyFiles(t, dir, "a", "a.enc", "b")
}

func TestLargeFilesUnderPreviousKeys(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	keys := []keysource.Key{keysource.NewKey(), keysource.NewKey(), keysource.NewKey()}
	c, err := backend.NewCipher(keys[0], keys[1], keys[2])
	if err != nil {
		t.Fatal(err)
	}
	plaintext := noise(8, 2*mib)
	for i, k := range keys {
		was, err := backend.NewCipher(k)
		if err != nil {
			t.Fatal(err)
		}
		token, err := was.Seal(plaintext, nil)
		if err != nil {
			t.Fatal(err)
		}
		enc := write(t, filepath.Join(dir, "enc"), token)
		if got, err := copied(c.OpenContent(ctx, enc, backend.FileOptions{})); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("key %d: content: %v", i, err)
		}
		if err := c.DecryptFile(ctx, enc, filepath.Join(dir, "out"), backend.FileOptions{Force: true}); err != nil {
			t.Errorf("key %d: file: %v", i, err)
		}
		if err := c.DecryptFrom(ctx, "it", pipe(token), filepath.Join(dir, "out"), backend.FileOptions{}); err != nil {
			t.Errorf("key %d: pipe: %v", i, err)
		}
	}
	stranger, err := newCipher(t).Seal(plaintext, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.OpenContentFrom(ctx, "it", pipe(stranger), backend.FileOptions{}); !errors.Is(err, backend.ErrAuth) || !strings.HasPrefix(err.Error(), "it: ") {
		t.Errorf("another key: %v", err)
	}
	onlyFiles(t, dir, "enc", "out")
}

// TestAFileThatShrinksBetweenTwoKeys has nothing of the first try be left behind what
// the second one decrypts.
func TestAFileThatShrinksBetweenTwoKeys(t *testing.T) {
	dir := t.TempDir()
	old := keysource.NewKey()
	was, err := backend.NewCipher(old)
	if err != nil {
		t.Fatal(err)
	}
	c, err := backend.NewCipher(keysource.NewKey(), old)
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(plaintext []byte) []byte {
		token, err := was.Seal(plaintext, nil)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	short := noise(9, 2*mib)
	enc := write(t, filepath.Join(dir, "enc"), sealed(noise(8, 3*mib)))
	o := backend.FileOptions{Progress: func(done, _ int64) {
		if done >= 3*mib {
			write(t, enc, sealed(short))
		}
	}}
	if err := c.DecryptFile(t.Context(), enc, filepath.Join(dir, "out"), o); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(dir, "out")); !bytes.Equal(got, short) {
		t.Errorf("%d bytes, not the %d that were encrypted", len(got), len(short))
	}
}

// TestLargeWorkIsInterrupted: an end of the context in the middle leaves nothing.
func TestLargeWorkIsInterrupted(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir, c := t.TempDir(), newCipher(t)
	src := write(t, filepath.Join(dir, "a"), noise(9, 3*mib))
	if err := c.EncryptFile(t.Context(), src, filepath.Join(dir, "a.enc"), backend.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := backend.FileOptions{Progress: func(done, total int64) {
		if done > total/4 {
			cancel()
		}
	}}
	for what, work := range map[string]func() error{
		"encrypt": func() error { return c.EncryptFile(ctx, src, filepath.Join(dir, "b"), o) },
		"decrypt": func() error { return c.DecryptFile(ctx, filepath.Join(dir, "a.enc"), filepath.Join(dir, "b"), o) },
		"content": func() error { _, err := c.OpenContent(ctx, filepath.Join(dir, "a.enc"), o); return err },
	} {
		if err := work(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", what, err)
		}
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
	onlyFiles(t, dir, "a", "a.enc")
}

// TestProgressComesToItsEnd: the numbers grow, and end where they said.
func TestProgressComesToItsEnd(t *testing.T) {
	ctx, dir, c := t.Context(), t.TempDir(), newCipher(t)
	src := write(t, filepath.Join(dir, "a"), noise(10, 3*mib))
	enc := filepath.Join(dir, "a.enc")
	var last, calls int64
	o := backend.FileOptions{Progress: func(done, total int64) {
		if done < last || done > total || total < 3*mib {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last, calls = done, calls+1
	}}
	for _, work := range []struct {
		what string
		want int64
		do   func() error
	}{
		{"encrypt", 3 * mib, func() error { return c.EncryptFile(ctx, src, enc, o) }},
		{"decrypt", 3 * mib, func() error { return c.DecryptFile(ctx, enc, filepath.Join(dir, "b"), o) }},
		{"content", 3 * mib, func() error {
			x, err := c.OpenContent(ctx, enc, o)
			if err != nil {
				return err
			}
			defer x.Close()
			return x.CopyTo(ctx, io.Discard)
		}},
	} {
		last, calls = 0, 0
		if err := work.do(); err != nil || last != work.want || calls < 5 {
			t.Errorf("%s: %v, %d bytes in %d calls", work.what, err, last, calls)
		}
	}
}

func TestTooLargeForTheCipher(t *testing.T) {
	c := newCipher(t)
	path := write(t, filepath.Join(t.TempDir(), "a"), nil)
	if err := os.Truncate(path, 1<<36-31); err != nil {
		t.Skipf("NOT TESTED: this file system has no sparse file of 64 GiB: %v", err)
	}
	err := c.EncryptFile(t.Context(), path, path+".enc", backend.FileOptions{})
	if !errors.Is(err, backend.ErrTooLarge) || !strings.Contains(err.Error(), "at most 68719476704 bytes") {
		t.Errorf("error %v", err)
	}
	onlyFiles(t, filepath.Dir(path), "a")
}

func TestLargeContentAndAReadOnlyKey(t *testing.T) {
	k, err := keysource.KeyFromBytes(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SealTo(t.Context(), io.Discard, "it", pipe(noise(11, 2*mib)), backend.FileOptions{}); !errors.Is(err, backend.ErrReadOnlyKey) {
		t.Errorf("error %v", err)
	}
}

// failing writes nothing and says so.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestErrorsOfTheOutputStayAsTheyAre(t *testing.T) {
	ctx, c, full := t.Context(), newCipher(t), errors.New("the disk is full")
	plaintext := noise(12, 2*mib)
	if err := c.SealTo(ctx, failing{full}, "it", pipe(plaintext), backend.FileOptions{}); !errors.Is(err, full) || err.Error() != full.Error() {
		t.Errorf("seal: %v", err)
	}
	token, err := c.Seal(plaintext, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.OpenContentFrom(ctx, "it", pipe(token), backend.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.CopyTo(ctx, failing{full}); err == nil || err.Error() != full.Error() {
		t.Errorf("open: %v", err)
	}
}

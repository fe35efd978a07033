//go:build unix

package editor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script makes an executable shell script and returns its path. The file to
// edit is in "$f" there.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fake-editor")
	text := "#!/bin/sh\nfor f in \"$@\"; do :; done\n" + body + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// trial is one call of Run with a fake editor.
type trial struct {
	res    Result
	err    error
	out    bytes.Buffer
	stderr bytes.Buffer
	memory string
}

// try runs a script as the editor of o and checks that nothing is left.
func try(t *testing.T, body string, o Options) *trial {
	t.Helper()
	return tryCommand(t, script(t, body), o)
}

func tryCommand(t *testing.T, command string, o Options) *trial {
	t.Helper()
	tr := &trial{memory: t.TempDir()}
	o.Env = append(os.Environ(), append([]string{"VISUAL=", "EDITOR=" + command, "XDG_RUNTIME_DIR="}, o.Env...)...)
	if o.Name == "" {
		o.Name = "credentials.yml"
	}
	if o.Out == nil {
		o.Out = &tr.out
	}
	if o.Err == nil {
		o.Err = &tr.stderr
	}
	tr.res, tr.err = run(context.Background(), o.withDefaults(), []string{tr.memory})
	wantEmpty(t, tr.memory)
	return tr
}

func (tr *trial) wantSaved(t *testing.T, text string) {
	t.Helper()
	if tr.err != nil || !tr.res.Changed || string(tr.res.Text) != text {
		t.Fatalf("Run = %q, changed %v, %v; want %q\n%s", tr.res.Text, tr.res.Changed, tr.err, text, &tr.stderr)
	}
}

func (tr *trial) wantUnchanged(t *testing.T, text string) {
	t.Helper()
	if tr.err != nil || tr.res.Changed || string(tr.res.Text) != text {
		t.Fatalf("Run = %q, changed %v, %v; want %q unchanged", tr.res.Text, tr.res.Changed, tr.err, text)
	}
}

func TestRunGivesBackWhatTheEditorLeft(t *testing.T) {
	binary := "a\x00b\r\n\xff\xfe no final newline"
	for _, tc := range []struct{ name, body, before, after string }{
		{"written in place", `printf 'a: 2\n' >"$f"`, "a: 1\n", "a: 2\n"},
		{"written to a new file that takes its place", `printf 'a: 2\n' >"$f.new" && mv "$f.new" "$f"`, "a: 1\n", "a: 2\n"},
		{"removed and written anew", `rm "$f"; printf x >"$f"`, "a: 1\n", "x"},
		{"made unreadable and readable again", `chmod 000 "$f"; chmod 644 "$f"; printf x >"$f"`, "a", "x"},
		{"any bytes", `printf y >>"$f"`, binary, binary + "y"},
		{"from nothing", `printf x >"$f"`, "", "x"},
		{"only white space before", `printf '' >"$f"`, " \n", ""},
		{"other files beside it", `printf x >"$f"; mkdir -p "$f.d/e"; printf y >"$f.d/e/~"; chmod 500 "$f.d"`, "a", "x"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			try(t, tc.body, Options{Text: []byte(tc.before)}).wantSaved(t, tc.after)
		})
	}
}

func TestRunSeesNoChange(t *testing.T) {
	for _, tc := range []struct{ name, body string }{
		{"untouched", ``},
		{"touched", `touch "$f"`},
		{"written again", `cp "$f" "$f.new" && mv "$f.new" "$f"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := func([]byte) error { return errors.New("the check ran") }
			try(t, tc.body, Options{Text: []byte("a: 1\n"), Check: check}).wantUnchanged(t, "a: 1\n")
		})
	}
}

func TestFileAndDirectoryArePrivate(t *testing.T) {
	for _, tc := range []struct {
		name     string
		readOnly bool
		want     string
	}{
		{"edit", false, "drwx------ -rw-------"},
		{"show", true, "drwx------ -r--------"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			seen := filepath.Join(t.TempDir(), "seen")
			try(t, `ls -ld "$(dirname "$f")" "$f" | cut -c1-10 >"$SEEN"; basename "$f" >>"$SEEN"`,
				Options{Text: []byte("x"), Name: "config/my secrets.toml", ReadOnly: tc.readOnly, Env: []string{"SEEN=" + seen}})
			text, err := os.ReadFile(seen)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(tc.want, " ", "\n") + "\nmy secrets.toml\n"
			if string(text) != want {
				t.Errorf("the editor saw %q, want %q", text, want)
			}
		})
	}
}

func TestReadOnlyIsNotReadBack(t *testing.T) {
	for _, body := range []string{`rm "$f"`, `rm "$f"; ln -s /etc/passwd "$f"`, `chmod 600 "$f"; echo x >"$f"`} {
		try(t, body, Options{Text: []byte("x"), ReadOnly: true}).wantUnchanged(t, "x")
	}
}

func TestEditorThatFailsSavesNothing(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		code       int
		signal     bool
	}{
		{"exit code", `echo changed >"$f"; exit 3`, 3, false},
		{"signal", `echo changed >"$f"; kill -9 $$`, 137, true},
		{"interrupt", `echo changed >"$f"; kill -INT $$`, 130, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := try(t, tc.body, Options{Text: []byte("a: 1\n")})
			var failed *EditorError
			if !errors.As(tr.err, &failed) || failed.Code != tc.code || (failed.Signal != nil) != tc.signal {
				t.Fatalf("error %#v, want an *EditorError with code %d", tr.err, tc.code)
			}
			if string(failed.Text()) != "changed\n" {
				t.Errorf("draft %q, want the changed text", failed.Text())
			}
			if tr.res.Text != nil || tr.res.Changed {
				t.Errorf("a result beside the error: %+v", tr.res)
			}
		})
	}
}

func TestWhatIsNotTakenBack(t *testing.T) {
	for _, tc := range []struct{ name, body string }{
		{"gone", `rm "$f"`},
		{"symbolic link", `rm "$f"; ln -s /etc/passwd "$f"`},
		{"directory", `rm "$f"; mkdir "$f"`},
		{"named pipe", `rm "$f"; mkfifo "$f"`},
		{"too large", `truncate -s 67108865 "$f"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := try(t, tc.body, Options{Text: []byte("a: 1\n")})
			if !errors.Is(tr.err, ErrNotTaken) {
				t.Fatalf("error %v, want ErrNotTaken", tr.err)
			}
		})
	}
}

func TestTooLargeToBegin(t *testing.T) {
	tr := try(t, ``, Options{Text: make([]byte, MaxSize+1)})
	if tr.err == nil {
		t.Fatal("no error")
	}
}

// TestQuestions covers the answers of a person; the streams are not a terminal,
// Interactive alone decides whether to ask.
func TestQuestions(t *testing.T) {
	// Each start of the editor writes the next of the lines in $TEXTS.
	const body = `n=$(cat "$COUNT" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$COUNT"
sed -n "${n}p" "$TEXTS" >"$f.new"; if [ "$(cat "$f.new")" = EMPTY ]; then : >"$f"; else cat "$f.new" >"$f"; fi`
	for _, tc := range []struct {
		name, texts, answers string
		saved                string
		err                  error
		shown                string
	}{
		{"invalid, edit again, good", "bad\ngood\n", "e\n", "good\n", nil, "line 3 is bad"},
		{"the default is to edit again", "bad\ngood\n", "\n", "good\n", nil, "[Ed]"},
		{"the default without a line end", "bad\ngood\n", " ", "good\n", nil, "[Ed]"},
		{"twice", "bad\nbad\ngood\n", "e\nEDIT\n", "good\n", nil, "line 3 is bad"},
		{"a strange answer asks again", "bad\ngood\n", "what\ne\n", "good\n", nil, "line 3 is bad"},
		{"invalid, discard", "bad\n", "d\n", "", ErrDiscarded, "line 3 is bad"},
		{"emptied, meant", "EMPTY\n", "y\n", "", nil, "empty now"},
		{"emptied, edit again", "EMPTY\ngood\n", "\n", "good\n", nil, "[Eyd]"},
		{"emptied, discard", "EMPTY\n", "d\n", "", ErrDiscarded, "empty now"},
		{"emptied, the input has ended", "EMPTY\n", "", "", ErrEmptied, "empty now"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			texts, count := filepath.Join(dir, "texts"), filepath.Join(dir, "count")
			if err := os.WriteFile(texts, []byte(tc.texts), 0o600); err != nil {
				t.Fatal(err)
			}
			tr := try(t, body, Options{
				Text: []byte("original\n"), Interactive: true, In: strings.NewReader(tc.answers), Check: notBad,
				Env: []string{"TEXTS=" + texts, "COUNT=" + count},
			})
			if tc.err != nil {
				if !errors.Is(tr.err, tc.err) {
					t.Fatalf("error %v, want %v", tr.err, tc.err)
				}
			} else {
				tr.wantSaved(t, tc.saved)
			}
			if !strings.Contains(tr.stderr.String(), tc.shown) {
				t.Errorf("the person saw %q, want %q in it", &tr.stderr, tc.shown)
			}
			if tr.out.Len() != 0 {
				t.Errorf("standard output has %q", &tr.out)
			}
		})
	}
}

var errBad = errors.New("line 3 is bad")

func notBad(text []byte) error {
	if bytes.Contains(text, []byte("bad")) {
		return errBad
	}
	return nil
}

func TestInvalidWithNobodyToAsk(t *testing.T) {
	for _, tc := range []struct {
		name        string
		interactive bool
	}{{"not interactive", false}, {"the input has ended", true}} {
		t.Run(tc.name, func(t *testing.T) {
			tr := try(t, `echo "bad s3cret" >"$f"`, Options{Text: []byte("a\n"), Check: notBad, Interactive: tc.interactive})
			var invalid *InvalidError
			if !errors.As(tr.err, &invalid) || !errors.Is(tr.err, errBad) {
				t.Fatalf("error %v, want an *InvalidError with what the check said", tr.err)
			}
			if string(invalid.Text()) != "bad s3cret\n" {
				t.Errorf("draft %q", invalid.Text())
			}
			asJSON, err := json.Marshal(invalid)
			if err != nil {
				asJSON = []byte(err.Error())
			}
			for _, printed := range []string{fmt.Sprintf("%v %+v %#v %s", invalid, invalid, *invalid, invalid), string(asJSON)} {
				if strings.Contains(printed, "s3cret") {
					t.Errorf("the error prints the text: %s", printed)
				}
			}
		})
	}
}

func TestEmptiedWithNobodyToAsk(t *testing.T) {
	tr := try(t, `printf ' \n' >"$f"`, Options{Text: []byte("a\n")})
	if !errors.Is(tr.err, ErrEmptied) {
		t.Fatalf("error %v, want ErrEmptied", tr.err)
	}
}

func TestHintAboutWaiting(t *testing.T) {
	const hint = `EDITOR="code --wait"`
	t.Run("returned at once", func(t *testing.T) {
		tr := try(t, ``, Options{Text: []byte("a")})
		if strings.Count(tr.stderr.String(), hint) != 1 {
			t.Errorf("the person saw %q, want one hint", &tr.stderr)
		}
	})
	t.Run("only once", func(t *testing.T) {
		once := filepath.Join(t.TempDir(), "once")
		tr := try(t, `[ -e "$ONCE" ] || { : >"$ONCE"; echo bad >"$f"; }`, Options{
			Text: []byte("a"), Check: notBad, Interactive: true, In: strings.NewReader("e\ne\ne\nd\n"), Env: []string{"ONCE=" + once}})
		if !errors.Is(tr.err, ErrDiscarded) || strings.Count(tr.stderr.String(), hint) != 1 {
			t.Errorf("%v; the person saw %q, want one hint", tr.err, &tr.stderr)
		}
	})
	t.Run("not after a change", func(t *testing.T) {
		if tr := try(t, `echo b >"$f"`, Options{Text: []byte("a")}); tr.stderr.Len() != 0 {
			t.Errorf("the person saw %q", &tr.stderr)
		}
	})
	t.Run("not for cat in read-only", func(t *testing.T) {
		tr := try(t, `cat "$f"`, Options{Text: []byte("a"), ReadOnly: true})
		if tr.stderr.Len() != 0 || tr.out.String() != "a" {
			t.Errorf("the person saw %q and %q", &tr.out, &tr.stderr)
		}
	})
	t.Run("a known window editor in read-only", func(t *testing.T) {
		subl := filepath.Join(t.TempDir(), "subl")
		if err := os.WriteFile(subl, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		tr := tryCommand(t, subl, Options{Text: []byte("a"), ReadOnly: true})
		if !strings.Contains(tr.stderr.String(), `EDITOR="subl --wait"`) {
			t.Errorf("the person saw %q", &tr.stderr)
		}
	})
	t.Run("nothing that stays behind holds us up", func(t *testing.T) {
		try(t, `sleep 30 & echo $! >"$f"`, Options{Text: []byte("a")}).killNoted(t)
	})
}

// killNoted ends the process whose id is the text.
func (tr *trial) killNoted(t *testing.T) {
	t.Helper()
	var pid int
	if _, err := fmt.Sscan(string(tr.res.Text), &pid); err != nil {
		t.Fatalf("%q: %v, %v", tr.res.Text, err, tr.err)
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Error(err)
	}
}

func TestPanicLeavesNothing(t *testing.T) {
	memory := t.TempDir()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		o := Options{Text: []byte("a"), Check: func([]byte) error { panic("in the check") },
			Env: append(os.Environ(), "VISUAL=", "EDITOR="+script(t, `echo b >"$f"`))}
		_, _ = run(context.Background(), o.withDefaults(), []string{memory})
	}()
	wantEmpty(t, memory)
}

func TestContextEndsTheEditor(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	started := filepath.Join(t.TempDir(), "started")
	why := errors.New("closing time")
	go func() {
		defer cancel(why)
		waitFor(t, "the editor", func() bool { return exists(started) })
	}()
	memory := t.TempDir()
	o := Options{Text: []byte("a"), Env: append(os.Environ(), "VISUAL=", "STARTED="+started, "EDITOR="+script(t, `: >"$STARTED"; exec sleep 600`))}
	_, err := run(ctx, o.withDefaults(), []string{memory})
	if !errors.Is(err, why) {
		t.Errorf("error %v, want the cause", err)
	}
	wantEmpty(t, memory)

	if _, err := run(ctx, o.withDefaults(), []string{memory}); !errors.Is(err, why) {
		t.Errorf("error %v with an ended context, want the cause", err)
	}
}

func TestNoCoreDumps(t *testing.T) {
	tr := try(t, `ulimit -c >"$f"`, Options{Text: []byte("a")})
	tr.wantSaved(t, "0\n")
}

func TestEditorEnvironment(t *testing.T) {
	tr := try(t, `printf '%s' "$ONLY_THIS" >"$f"`, Options{Text: []byte("a"), Env: []string{"ONLY_THIS=is given"}})
	tr.wantSaved(t, "is given")
}

func TestNoPlaceForThePlaintext(t *testing.T) {
	o := Options{Text: []byte("a"), Env: append(os.Environ(), "VISUAL=", "EDITOR=true"), Err: io.Discard}
	_, err := run(context.Background(), o.withDefaults(), []string{filepath.Join(t.TempDir(), "missing")})
	if err == nil {
		t.Fatal("no error without a place for the plaintext")
	}
}

func TestFallback(t *testing.T) {
	fallback := filepath.Join(t.TempDir(), "vault", "tmp")
	var stderr bytes.Buffer
	o := Options{Text: []byte("a"), Fallback: fallback, Err: &stderr,
		Env: append(os.Environ(), "VISUAL=", "EDITOR="+script(t, `dirname "$(dirname "$f")" >"$f"`))}
	res, err := run(context.Background(), o.withDefaults(), []string{filepath.Join(t.TempDir(), "missing")})
	if err != nil || string(res.Text) != fallback+"\n" {
		t.Fatalf("%q, %v; want the plaintext in %s", res.Text, err, fallback)
	}
	if !strings.Contains(stderr.String(), "warning: ") || !strings.Contains(stderr.String(), fallback) {
		t.Errorf("the person saw %q, want a warning", &stderr)
	}
	info, err := os.Stat(fallback)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v; want mode 0700", info.Mode(), err)
	}
	wantEmpty(t, fallback)
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"credentials.yml": "credentials.yml", "config/production.yml": "production.yml", "/a/b c.toml": "b c.toml",
		".env": ".env", "-x.yml": "-x.yml", "": "document", ".": "document", "..": "document", "/": "document", "a\x00b": "document",
	} {
		if got := fileName(name); got != want {
			t.Errorf("fileName(%q) = %q, want %q", name, got, want)
		}
	}
}

package editor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test binary runs itself as a program that calls Run when this is set to
// a spec as JSON.
const specVariable = "EDITOR_TEST_SPEC"

// spec is what the program is to do. It travels in the environment: a secret
// must not get to a disk through the tests themselves.
type spec struct {
	Name, Text  string
	ReadOnly    bool
	Fallback    string
	Memory      []string
	Forbidden   string // a text that holds this is invalid
	Interactive bool
	Report      string // path of the file for the report

	QuestionMark string // path of a file to make when a question is put
}

// report is what came out of it.
type report struct {
	Changed    bool
	Sum        string // SHA-256 of the text
	Err        string
	Type       string
	DraftSum   string
	SignalCode int
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(specVariable); ok {
		os.Exit(runSpec(text))
	}
	// What starts the tests may ignore signals, and the programs that they start
	// would inherit that; what is caught here is not inherited.
	for _, sig := range watched() {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
	os.Exit(m.Run())
}

func runSpec(text string) int {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	if err := os.WriteFile(s.Report+".pid", fmt.Append(nil, os.Getpid()), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	o := Options{
		Name: s.Name, Text: []byte(s.Text), ReadOnly: s.ReadOnly, Fallback: s.Fallback,
		Env: slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, specVariable+"=") }),
		In:  os.Stdin, Out: os.Stdout, Err: os.Stderr, Interactive: s.Interactive,
	}
	if s.QuestionMark != "" {
		o.Err = questionMarker{s.QuestionMark}
	}
	if s.Forbidden != "" {
		o.Check = func(text []byte) error {
			if strings.Contains(string(text), s.Forbidden) {
				return errors.New("the text holds what is forbidden")
			}
			return nil
		}
	}
	res, err := run(context.Background(), o.withDefaults(), s.Memory)
	r := report{Changed: res.Changed, Sum: sum(string(res.Text))}
	code := 0
	if err != nil {
		code = 1
		r.Err, r.Type = err.Error(), fmt.Sprintf("%T", err)
	}
	var sig *SignalError
	if errors.As(err, &sig) {
		code, r.SignalCode = sig.ExitCode(), sig.ExitCode()
	}
	var d interface{ Text() []byte }
	if errors.As(err, &d) && d.Text() != nil {
		r.DraftSum = sum(string(d.Text()))
	}
	out, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(s.Report+".new", out, 0o600)
	}
	if err == nil {
		err = os.Rename(s.Report+".new", s.Report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	return code
}

// questionMarker is standard error that makes a file once a question has been
// written to it.
type questionMarker struct{ path string }

func (m questionMarker) Write(p []byte) (int, error) {
	n, err := os.Stderr.Write(p)
	if err == nil && strings.HasSuffix(string(p), "] ") {
		err = os.WriteFile(m.path, nil, 0o600)
	}
	return n, err
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// waitFor polls until ok says yes; it fails the test after a deadline that two
// busy cores keep.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func readReport(t *testing.T, path string) report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// wantEmpty fails the test if anything is left in dir.
func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("left behind: %s", filepath.Join(dir, e.Name()))
	}
}

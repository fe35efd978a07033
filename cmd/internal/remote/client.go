package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

const (
	program = "flask-vault-remote"
	grace   = 3 * time.Second // that the program may take longer than it was told
	maxSaid = 2000            // bytes of its standard error that an error shows
)

// Store is a store beyond a local file. It implements [backend.Store] and
// [backend.Watcher].
type Store struct {
	l    location.Location
	path string // of the program; "" looks for it beside our own

	mu   sync.Mutex
	note string // of the last reply that had one, for the next request: a process forgets
}

// Open makes the store of a location. Nothing is opened or started yet.
func Open(l location.Location) *Store { return &Store{l: l} }

// Name is the URL, as messages have it.
func (s *Store) Name() string { return s.l.Name() }

// Load asks the store. Its error, if the store has one, is an *[Error].
func (s *Store) Load(ctx context.Context, have backend.Version) (backend.Snapshot, error) {
	reply, err := s.ask(ctx, Request{Op: opLoad, Have: have, Refused: backend.Refused(ctx)}, s.timeout())
	switch {
	case err != nil:
		return backend.Snapshot{}, err
	case reply.NotModified:
		return backend.Snapshot{}, backend.ErrNotModified
	case reply.Version == "":
		return backend.Snapshot{}, errReply
	}
	return backend.Snapshot{Blob: reply.Blob, Version: reply.Version}, nil
}

// Save has the store save. Its error is an *[Error].
func (s *Store) Save(ctx context.Context, blob []byte, prev backend.Version) (backend.Version, error) {
	reply, err := s.ask(ctx, Request{Op: opSave, Blob: blob, Prev: prev}, s.timeout())
	switch {
	case errors.Is(err, errGone):
		return "", &Error{Code: Uncertain, Message: backend.ErrUncertain.Error() + ": " + err.Error()}
	case err != nil:
		return "", err
	case reply.Version == "":
		return "", &Error{Code: Uncertain, Message: backend.ErrUncertain.Error() + ": " + errReply.Error()}
	}
	return reply.Version, nil
}

// Watch has one process of the program wait for each change.
func (s *Store) Watch(ctx context.Context, have backend.Version, notify func(backend.Snapshot)) error {
	for {
		reply, err := s.ask(ctx, Request{Op: opWatch, Have: have, Refused: backend.Refused(ctx)}, 0)
		switch {
		case err != nil:
			return err
		case reply.Version == "" || reply.Version == have:
			return errReply
		}
		have = reply.Version
		notify(backend.Snapshot{Blob: reply.Blob, Version: reply.Version})
	}
}

// Probe has the store check that it keeps its promises, as that of several saves
// against one version only one wins, and that this user may write: else its error wraps
// [fs.ErrPermission]. It wraps [errors.ErrUnsupported] where there is nothing to check.
func (s *Store) Probe(ctx context.Context) error {
	_, err := s.ask(ctx, Request{Op: opProbe}, time.Minute)
	return err
}

func (s *Store) timeout() time.Duration {
	if s.l.Timeout > 0 {
		return s.l.Timeout + grace
	}
	return defaultTimeout + grace
}

var (
	errReply = &Error{Code: Failed, Message: "the reply of " + program + " is not what the protocol asks for"}

	// errGone says that there was no reply to a request that was made.
	errGone = errors.New(program + " did not reply")
)

// ask runs the program for one request. No timeout is none.
func (s *Store) ask(ctx context.Context, q Request, timeout time.Duration) (Reply, error) {
	w, err := newWhere(s.l)
	if err != nil {
		return Reply{}, err // of the password
	}
	q.Protocol, q.Location = Protocol, w
	if q.Op == opLoad || q.Op == opWatch {
		s.mu.Lock()
		q.Note = s.note
		s.mu.Unlock()
	}
	line, err := json.Marshal(q)
	if err != nil {
		return Reply{}, err
	}
	defer clear(line)
	path, err := s.find()
	if err != nil {
		return Reply{}, err
	}
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	limited := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	reply, err := run(limited, path, append(line, '\n'))
	if err != nil {
		return Reply{}, err
	}
	if reply.Error != nil && ctx.Err() != nil && q.Op != opSave {
		return Reply{}, ctx.Err() // it says only that nobody waits any more
	}
	if reply.Error != nil {
		return Reply{}, &Error{Code: reply.Error.Code, Message: printable(reply.Error.Message)}
	}
	if reply.Note != "" {
		s.mu.Lock()
		s.note = reply.Note
		s.mu.Unlock()
	}
	return reply, nil
}

// printable is what of a message is shown. It may have lines.
func printable(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = launch.Printable(lines[i], maxSaid)
	}
	return strings.Join(lines[:min(len(lines), 10)], "\n")
}

// find finds the program beside our own executable.
func (s *Store) find() (string, error) {
	path := s.path
	if path == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return "", fmt.Errorf("it needs %s, and where this program is cannot be found out: %w", program, err)
		}
		path = filepath.Join(filepath.Dir(self), program)
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", &MissingError{Path: path}
	}
	return path, nil
}

// MissingError says that flask-vault-remote is not installed.
type MissingError struct{ Path string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("it needs the program %s, which is not at %s", program, e.Path)
}

// run starts the program, gives it a request and returns its reply. Its standard input
// stays open until then: the end of it tells the program that nobody waits any
// more, also where this process was killed.
func run(ctx context.Context, path string, line []byte) (Reply, error) {
	cmd := exec.Command(path)
	cmd.Env = environ()
	var said bytes.Buffer
	cmd.Stderr = &limited{b: &said}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return Reply{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return Reply{}, err
	}
	if err := cmd.Start(); err != nil {
		return Reply{}, fmt.Errorf("start %s: %w", path, err)
	}
	got := make(chan []byte, 1)
	go func() {
		reply, _ := bufio.NewReaderSize(io.LimitReader(stdout, maxMessage), 64<<10).ReadBytes('\n')
		got <- reply
	}()
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		_, _ = stdin.Write(line)
	}()
	var text []byte
	select {
	case text = <-got:
		_ = stdin.Close()
	case <-ctx.Done():
		_ = stdin.Close()
		select {
		case text = <-got:
		case <-time.After(time.Second):
			_ = cmd.Process.Kill()
			<-got
		}
	}
	<-wrote // at the latest when the pipe was closed
	late := time.AfterFunc(grace, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	late.Stop()
	if len(text) == 0 {
		if cerr := ctx.Err(); errors.Is(cerr, context.Canceled) {
			return Reply{}, fmt.Errorf("%w: %w", errGone, cerr)
		} else if cerr != nil {
			return Reply{}, fmt.Errorf("%w within the time that it has: %w", errGone, backend.ErrUnreachable)
		}
		why := "it ended without a word"
		if err != nil {
			why = err.Error()
		}
		if words := printable(said.String()); words != "" {
			why += ": " + words
		}
		return Reply{}, fmt.Errorf("%w: %s", errGone, why)
	}
	var reply Reply
	if err := parse(text, &reply); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", errGone, err)
	}
	return reply, nil
}

// limited takes the first bytes and drops the rest.
type limited struct{ b *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxSaid - l.b.Len(); room > 0 {
		l.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// environ are the variables that the program gets: those by which proxies,
// authorities and AWS credentials are found, and no others, so that no key of a vault
// is among them.
func environ() []string {
	names := []string{
		"HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR", "GODEBUG",
		"FLASK_VAULT_HTTPS_TOKEN", "FLASK_VAULT_HTTPS_TOKEN_FILE", "FLASK_VAULT_HTTPS_TOKEN_HOST",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	}
	return slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		name = strings.ToUpper(name)
		return !strings.HasPrefix(name, "AWS_") && !slices.Contains(names, name)
	})
}

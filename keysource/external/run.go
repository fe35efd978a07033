package external

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

const (
	endAfter = time.Second // a plugin that has answered may use it to tidy up
	hostName = "flask-vault-pluginhost"
)

// Run is the Call of an Options that has none: it runs the plugin, or
// flask-vault-pluginhost for it. o has all its defaults.
func Run(ctx context.Context, r Request, o Options) (Reply, error) {
	record, err := o.Store.Get(r.Plugin)
	if err != nil {
		return Reply{}, err
	}
	if record.Protocol == trust.GoPlugin {
		return runHost(ctx, r, record, o)
	}
	record, program, err := o.Store.Program(r.Plugin)
	if err != nil {
		return Reply{}, err
	}
	defer program.Close()
	reply, err := oneShot(ctx, program, r.Op, r.Line, launch.Options{Name: r.Plugin, Env: launch.Environment(record.Environment)},
		o.CallTimeout, o.words(r.Plugin))
	if err == nil && reply.Error != nil && !byPlugin[reply.Error.Code] {
		reply.Error.Code = Failed // the other codes are what a host says
	}
	return reply, err
}

// words collects what a plugin writes on its standard error.
func (o Options) words(plugin string) *launch.Words {
	return launch.NewWords(func(line string) { o.Words(plugin, line) })
}

// runHost has flask-vault-pluginhost make the call. That program keeps the time
// limits itself and says which one was passed; ours comes later and is for the
// case that it does not.
func runHost(ctx context.Context, r Request, record trust.Record, o Options) (Reply, error) {
	path, err := findHost(o.Host)
	if err != nil {
		return Reply{}, err
	}
	r.StartTimeout, r.CallTimeout = o.StartTimeout.Milliseconds(), o.CallTimeout.Milliseconds()
	env := append(launch.Environment(append([]string{"TMPDIR"}, record.Environment...)), trust.EnvDir+"="+o.Store.Dir())
	lo := launch.Options{Name: hostName, Env: env, Gentle: true}
	request := r.Line
	// Where it can be done the plugin is checked here, while the host starts up.
	if h, err := launch.NewHandover(); err == nil {
		defer h.File.Close()
		lo.Pass = h.File
		request = func() ([]byte, error) {
			if err := o.Store.Hand(r.Plugin, h); err != nil {
				return nil, err
			}
			r.Checked = true
			return r.Line()
		}
	}
	return oneShot(ctx, launch.Installed(path), r.Op, request, lo,
		o.StartTimeout+o.CallTimeout+2*time.Second, o.words(r.Plugin))
}

// findHost finds flask-vault-pluginhost beside our own executable.
func findHost(path string) (string, error) {
	if path == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return "", &Error{Code: NoHost, Message: fmt.Sprintf("it needs %s, and where this program is cannot be found out: %v", hostName, err)}
		}
		path = filepath.Join(filepath.Dir(self), hostName)
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", &Error{Code: NoHost, Message: fmt.Sprintf("it is a go-plugin plugin and needs the program %s, which is not at %s; install it there", hostName, path)}
	}
	return path, nil
}

// oneShot runs a program, gives it the request, which is made while the program
// starts, and returns its reply. Nothing of the program is left when it returns.
func oneShot(ctx context.Context, program *launch.Program, op string, request func() ([]byte, error), lo launch.Options, timeout time.Duration, words *launch.Words) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, stopped(err, timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	lo.Stdin = true
	p, err := launch.Start(program, lo)
	if err != nil {
		return Reply{}, &Error{Code: NotStarted, Message: err.Error(), Err: err}
	}
	line, err := request()
	if err != nil {
		p.Kill()
		return Reply{}, err
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		_, _ = io.Copy(words, p.Stderr)
	}()
	go func() {
		_, _ = p.Stdin.Write(line) // a plugin need not read it
		_ = p.Stdin.Close()
		clear(line) // it may have a key
	}()
	type result struct {
		line []byte
		err  error
	}
	got := make(chan result, 1)
	go func() {
		line, err := readLine(p.Stdout)
		got <- result{line, err}
	}()
	var res result
	select {
	case res = <-got:
	case <-p.Exited():
		// What it wrote is in the pipe by now. Something that it started and
		// that left its group may hold the pipe open: that is not waited for.
		select {
		case res = <-got:
		case <-time.After(endAfter):
			res.err = io.EOF
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil && lo.Gentle {
		p.Ask()
	}
	ended := p.Wait(context.WithoutCancel(ctx), endIn(err, lo.Gentle))
	p.End()
	select { // its last words are in the pipe, which Kill closes
	case <-told:
	case <-time.After(endAfter):
	}
	p.Kill()
	<-told
	words.Flush()
	if err != nil {
		return Reply{}, stopped(err, timeout)
	}
	switch {
	case errors.Is(res.err, bufio.ErrTooLong):
		return Reply{}, &Error{Code: TooLarge, Message: fmt.Sprintf("its reply has more than %d bytes", MaxMessage)}
	case res.err != nil || len(bytes.TrimSpace(res.line)) == 0:
		if !ended {
			return Reply{}, &Error{Code: BadReply, Message: "it closed its standard output without a reply"}
		}
		return Reply{}, silent(p.Status())
	}
	defer clear(res.line) // it may have a key
	return parseReply(op, res.line)
}

// endIn is how long a program may still take to end.
func endIn(err error, gentle bool) time.Duration {
	if err != nil && !gentle {
		return 0
	}
	return endAfter
}

// readLine reads one line; the last one need not have an end.
func readLine(from io.Reader) ([]byte, error) {
	s := bufio.NewScanner(from)
	s.Buffer(make([]byte, 0, 4096), MaxMessage)
	if s.Scan() {
		return s.Bytes(), nil
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func silent(status string) error {
	if status == "exit status 0" {
		return &Error{Code: NoReply, Message: "it ended without a reply"}
	}
	return &Error{Code: Crashed, Message: "it ended before it replied (" + status + ")"}
}

func stopped(err error, timeout time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: CallTimeout, Message: fmt.Sprintf("it did not answer within %v and was killed", timeout), Err: err}
	}
	return &Error{Code: Canceled, Message: "the call was given up", Err: err}
}

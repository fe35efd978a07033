package host

import (
	"context"
	"io"
	"os"
	"strconv"
	"sync"

	"github.com/flask-vault/flask-vault/plugins/launch"
)

// pluginRunner is go-plugin's runner.Runner over a launch.Process.
type pluginRunner struct {
	s   *session
	env []string
	dir string // of the socket
}

func (r *pluginRunner) Start(context.Context) error {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.s.reason != nil {
		return r.s.reason
	}
	p, err := launch.Start(r.s.program, launch.Options{Name: r.s.name, Env: r.env})
	if err != nil {
		return err
	}
	r.s.proc, r.s.stdout = p, &firstLine{from: p.Stdout, proc: p, dir: r.dir}
	r.s.stderr = &lastWords{File: p.Stderr, heard: make(chan struct{})}
	return nil
}

func (r *pluginRunner) process() *launch.Process {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.proc
}

func (r *pluginRunner) Stdout() io.ReadCloser {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.stdout
}

func (r *pluginRunner) Stderr() io.ReadCloser {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.stderr
}

func (r *pluginRunner) Wait(context.Context) error {
	<-r.process().Exited()
	return nil
}

func (r *pluginRunner) Kill(context.Context) error {
	r.s.kill()
	return nil
}

func (r *pluginRunner) Name() string { return r.s.name }

// ID is "" before the start, which tells go-plugin that there is nothing to kill.
func (r *pluginRunner) ID() string {
	if p := r.process(); p != nil {
		return strconv.Itoa(p.PID())
	}
	return ""
}

func (r *pluginRunner) Diagnose(context.Context) string { return "" }

// PluginToHost passes the address on: firstLine has checked it.
func (r *pluginRunner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (r *pluginRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// lastWords is the standard error of a plugin.
type lastWords struct {
	*os.File
	once  sync.Once
	heard chan struct{} // closed when all of it was read
}

func (w *lastWords) Read(p []byte) (int, error) {
	n, err := w.File.Read(p)
	if err != nil {
		w.once.Do(func() { close(w.heard) })
	}
	return n, err
}

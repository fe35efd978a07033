// Command flask-vault-pluginhost makes one call to a plugin that is built on
// hashicorp/go-plugin. It reads a request of docs/plugin-protocol.md from
// standard input and writes the reply to standard output. keysource/external
// runs it, so that other programs need not link gRPC.
//
// Build it with -tags grpcnotrace, which takes some milliseconds off each start.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/flask-vault/flask-vault/cmd/internal/crash"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/launch"
)

func main() { os.Exit(run()) }

func run() (code int) {
	defer crash.Report(os.Stderr, "flask-vault-pluginhost", &code)
	_ = launch.Undumpable() // an old or strange kernel is no reason to fail
	if err := launch.CloseOnExec(); err != nil {
		fmt.Fprintln(os.Stderr, "descriptors that were inherited stay open:", err)
	}
	// The program that started us sends SIGTERM when it gives up or dies: then
	// the plugin is ended too.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	reply, err := call(ctx)
	stop()
	if err != nil {
		reply = external.AsReply(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(reply); err != nil {
		return 1
	}
	return 0
}

func call(ctx context.Context) (external.Reply, error) {
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, external.MaxMessage)).ReadBytes('\n')
	if err != nil {
		return external.Reply{}, fmt.Errorf("there is no request on standard input; this program is run by flask-vault: %w", err)
	}
	var r external.Request
	if err := json.Unmarshal(line, &r); err != nil {
		return external.Reply{}, fmt.Errorf("the request on standard input is not one")
	}
	return host.Call(ctx, r, external.Options{
		StartTimeout: time.Duration(r.StartTimeout) * time.Millisecond,
		CallTimeout:  time.Duration(r.CallTimeout) * time.Millisecond,
		Words:        func(_, line string) { fmt.Fprintln(os.Stderr, line) },
	})
}

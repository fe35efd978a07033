// Command flask-vault-remote makes one call to a store beyond a local file: it reads
// a request of docs/remote-protocol.md from standard input and writes the reply to
// standard output. flask-vault runs it, so that it need not link net/http.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/flask-vault/flask-vault/backend/network"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
)

func main() {
	// Ctrl-C is for flask-vault, which finishes the step it is at. When that ends, so
	// does our standard input, and with it this program.
	signal.Ignore(os.Interrupt)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	err := remote.Serve(ctx, os.Stdin, os.Stdout, network.Open)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

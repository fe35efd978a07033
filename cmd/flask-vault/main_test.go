package main

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flask-vault/flask-vault/backend/network"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/textconv/quick"
)

// TestMain makes the test binary the program itself when it is started under
// one of these names, so that tests run real processes without a build.
func TestMain(m *testing.M) {
	// Under the race detector each process sleeps a second before it ends, unless
	// told otherwise, and there are more than a thousand.
	if os.Getenv("GORACE") == "" {
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){
		"flask-vault": main,
		"flask":       main, // as through a link
		"as-nobody":   asNobody,
		// As cmd/flask-vault-remote has it.
		"flask-vault-remote": func() {
			signal.Ignore(os.Interrupt)
			if err := remote.Serve(context.Background(), os.Stdin, os.Stdout, network.Open); err != nil {
				os.Exit(1)
			}
		},
		// As cmd/flask-vault-textconv has it.
		"flask-vault-textconv": func() { os.Exit(quick.Main()) },
	})
}

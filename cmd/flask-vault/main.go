// Command flask-vault keeps secrets in an encrypted file that is committed to
// git, under a master key that is not. Started through a link named flask it
// answers "flask vault COMMAND".
package main

import (
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/cli"
)

func main() { os.Exit(cli.Main()) }

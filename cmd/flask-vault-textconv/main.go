// Command flask-vault-textconv is flask-vault git textconv without the rest of
// flask-vault. git starts it once for each version of an encrypted file that it
// shows, so half the time of a start is half the time of git log -p.
package main

import (
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/textconv/quick"
)

func main() { os.Exit(quick.Main()) }

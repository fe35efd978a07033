// Command mangen writes the manual pages of flask-vault and the completion
// scripts of all shells, for a package or an archive:
//
//	go run ./cmd/internal/mangen [-o DIR]
//
// DIR, which is dist/share if none is named, gets man/man1/flask-vault*.1 and
// completions/flask-vault.bash, _flask-vault (zsh), flask-vault.fish and
// flask-vault.ps1. The date of the pages is SOURCE_DATE_EPOCH, so that a build can
// be repeated.
//
// It is a program of its own since flask-vault should not carry what turns
// commands into roff.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flask-vault/flask-vault/cmd/internal/cli"
)

func main() {
	dir := flag.String("o", filepath.Join("dist", "share"), "the directory to write to")
	flag.Parse()
	date, err := builtAt()
	if err == nil {
		err = generate(*dir, date)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "mangen: %v\n", err)
		os.Exit(1)
	}
}

// builtAt is SOURCE_DATE_EPOCH, or now.
func builtAt() (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		return time.Now().UTC(), nil
	}
	n, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}

// generate writes everything below dir.
func generate(dir string, date time.Time) error {
	man, completions := filepath.Join(dir, "man", "man1"), filepath.Join(dir, "completions")
	for _, d := range []string{man, completions} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := writePages(cli.Commands(), man, date); err != nil {
		return err
	}
	// The names under which the shells look for them.
	names := map[string]string{"bash": "flask-vault.bash", "zsh": "_flask-vault", "fish": "flask-vault.fish", "powershell": "flask-vault.ps1"}
	for shell, write := range cli.CompletionScripts() {
		name, ok := names[shell]
		if !ok {
			return fmt.Errorf("no file name is known for the completions of %s", shell)
		}
		if err := writeFile(filepath.Join(completions, name), write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}

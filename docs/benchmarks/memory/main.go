// Command memory counts the copies of a master key and of a secret in the memory of
// a process that opens a vault with the library: while the vault is open, and
// after it was forgotten and the garbage collector ran. The process is a child, since
// whoever searches has what it searches for in its own memory. Linux only.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/format/yaml"
	"github.com/flask-vault/flask-vault/keysource"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "child" {
		child(os.Args[2])
		return
	}
	dir, err := os.MkdirTemp("", "flask-vault-memory-*")
	check(err)
	defer func() { _ = os.RemoveAll(dir) }()
	key := keysource.NewKey()
	secret := make([]byte, 16)
	rand.Read(secret)
	plaintext := hex.EncodeToString(secret)
	c, err := backend.NewCipher(key)
	check(err)
	blob, err := c.Seal([]byte("db:\n  password: "+plaintext+"\n"), nil)
	check(err)
	check(os.WriteFile(filepath.Join(dir, "credentials.yml.enc"), blob, 0o600))
	check(os.WriteFile(filepath.Join(dir, "master.key"), []byte(key.Text()), 0o600))

	fmt.Printf("%-28s %-6s %-10s %s\n", "", "key", "key text", "secret")
	self, err := os.Executable()
	check(err)
	cmd := exec.Command(self, "child", dir) //nolint:gosec // ourselves
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		mem := memory(cmd.Process.Pid)
		fmt.Printf("%-28s %-6d %-10d %d\n", lines.Text(), bytes.Count(mem, key.Bytes()),
			bytes.Count(mem, []byte(strings.TrimRight(key.Text(), "="))), bytes.Count(mem, []byte(plaintext)))
		_, err = in.Write([]byte("\n"))
		check(err)
	}
	check(cmd.Wait())
}

// child opens the vault and says so, one line for each moment at which its memory
// is worth a look, and waits for an answer.
func child(dir string) {
	answer := bufio.NewReader(os.Stdin)
	tell := func(moment string) {
		fmt.Println(moment)
		_, err := answer.ReadString('\n')
		check(err)
	}
	tell("before")
	use(dir, func() { tell("while it is open, " + way) })
	collect()
	tell("after it, " + way)
	do(func() { use(dir, func() {}) })
	collect()
	tell("after a second time, " + way)
}

// use opens the vault and reads the secret. The test runs inside of do, or not.
func use(dir string, opened func()) {
	var v *backend.Vault
	do(func() {
		var err error
		v, err = backend.Open(context.Background(), backend.Options{
			Store:  file.NewStore(filepath.Join(dir, "credentials.yml.enc"), ""),
			Keys:   keysource.Chain{keyfile.New(filepath.Join(dir, "master.key"), keyfile.Options{})},
			Format: yaml.Format{},
		})
		check(err)
		password, err := v.Get("db.password")
		check(err)
		if len(password.Reveal()) != 32 {
			log.Fatal("it is another secret")
		}
	})
	opened()
	runtime.KeepAlive(v)
}

// collect frees what nobody refers to any more, pools too.
func collect() {
	for range 4 {
		runtime.GC()
	}
}

// memory is what another process has in its writable memory.
func memory(pid int) []byte {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	check(err)
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	check(err)
	defer mem.Close()
	var all []byte
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		part, err := io.ReadAll(io.NewSectionReader(mem, from, to-from))
		check(err)
		all = append(append(all, part...), 0)
	}
	return all
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

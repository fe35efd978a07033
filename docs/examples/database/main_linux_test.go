package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// postgres starts a PostgreSQL of Debian in a directory of its own, with a
// superuser admin, reached by a socket alone. It returns the socket's directory.
func postgres(t *testing.T, password string) string {
	t.Helper()
	binaries, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(binaries) == 0 {
		const what = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
		if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
			t.Fatal(what)
		}
		t.Skip("NOT TESTED: " + what)
	}
	bin := binaries[len(binaries)-1]
	dir, err := os.MkdirTemp("", "pg") // a socket's path has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var as *syscall.Credential
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir = dir
		cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		return cmd
	}
	data := filepath.Join(dir, "data")
	first := filepath.Join(dir, "password")
	if err := os.WriteFile(first, []byte(password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	initdb := command("initdb", "-D", data, "-U", "admin", "--no-sync", "--auth=scram-sha-256", "--pwfile", first)
	if text, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	server := command("postgres", "-D", data, "-F", "-c", "listen_addresses=", "-c", "unix_socket_directories="+dir)
	var logged bytes.Buffer
	server.Stdout, server.Stderr = &logged, &logged
	if as != nil { // as root: its processes and shared memory end with it, whatever it does
		server.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer func() {
			if t.Failed() {
				t.Logf("PostgreSQL: %s", &logged)
			}
		}()
		if as == nil {
			_ = server.Process.Signal(syscall.SIGQUIT) // at once: nothing here is kept
		} else {
			_ = server.Process.Kill() // and with it all of its namespace
		}
		_ = server.Wait()
	})
	return dir
}

func save(t *testing.T, v *backend.Vault, text string) {
	t.Helper()
	if _, err := v.Edit(t.Context(), func([]byte) ([]byte, error) { return []byte(text), nil }); err != nil {
		t.Fatal(err)
	}
}

const text = "db.username: %s\ndb.password: '%s'\ndb.name: %s\ndb.host: %s\n"

func TestConnect(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c, err := config.Resolve(config.Overrides{Here: true})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Init(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	v, err := backend.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	socket := postgres(t, "admin's/p@ss:word?#%")
	save(t, v, fmt.Sprintf(text, "admin", "admin''s/p@ss:word?#%", "postgres", socket))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := open(ctx)
	for start := time.Now(); err != nil && time.Since(start) < 20*time.Second; { // the server is starting
		time.Sleep(50 * time.Millisecond)
		db, err = open(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"create role shop login password 'hunter2'", "create database shop owner shop"} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	_ = db.Close()

	// What the program is for: the application's own user.
	save(t, v, fmt.Sprintf(text, "shop", "hunter2", "shop", socket))
	pool, err := open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	ask := func() (who string, err error) {
		err = pool.QueryRowContext(ctx, "select current_user || ' in ' || current_database()").Scan(&who)
		return who, err
	}
	if who, err := ask(); err != nil || who != "shop in shop" {
		t.Fatal(who, err)
	}

	// A wrong password is an error that does not show it.
	save(t, v, fmt.Sprintf(text, "shop", "hunter3", "shop", socket))
	if _, err := open(ctx); err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("a wrong password: %v", err)
	}

	save(t, v, fmt.Sprintf(text, "shop", "hunter2", "shop", socket))

	// The password changes, in the database and in the vault, while the pool is open.
	if _, err := pool.ExecContext(ctx, "alter role shop password 'correct horse'"); err != nil {
		t.Fatal(err)
	}
	pool.SetMaxIdleConns(0) // each question makes a new connection
	if _, err := ask(); err == nil {
		t.Error("the password of before still connects")
	}
	save(t, v, fmt.Sprintf(text, "shop", "correct horse", "shop", socket))
	who, err := ask()
	for err != nil && ctx.Err() == nil { // until it is taken up
		time.Sleep(20 * time.Millisecond)
		who, err = ask()
	}
	if err != nil || who != "shop in shop" {
		t.Error(who, err)
	}
}

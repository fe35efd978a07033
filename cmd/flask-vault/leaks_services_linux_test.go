package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

// keeper is a plugin that keeps the key in a file, through which it never goes to
// another process, and says it where it should not once there is a file "babbles".
const keeper = `#!/bin/sh
kept=KEPT
read -r request
key=${request##*'"key":"'}
key=${key%%'"'*}
case $request in
*'"op":"describe"'*) echo '{"description":{"name":"age","version":"1.0","operations":["load","save"],"settings":["file","recipients","vault_directory"]}}' ;;
*'"op":"save"'*) echo "$key" >$kept/key
	{ echo age-encryption.org/v1; while read -r line; do case $line in age1*) echo "-> X25519 share"; echo body ;; esac; done <WORK/master.key.recipients; echo "--- mac"; } >WORK/master.key.age
	echo '{"done":true}' ;;
*) if ! [ -e $kept/key ]; then echo '{"error":{"code":"no_key","message":"there is none"}}'; exit; fi
	read -r key <$kept/key
	if [ -e $kept/babbles ]; then
		echo "on standard error: $key" >&2
		echo "{\"error\":{\"code\":\"failed\",\"message\":\"no good: $key\"}}"
	else
		echo "{\"key\":\"$key\"}"
	fi ;;
esac
`

// TestNoServiceLeaks is TestNoCommandLeaks with a plugin, a team and stores: what is
// sent to another program or a server is searched for where it does not belong.
func TestNoServiceLeaks(t *testing.T) {
	d := newLeakyDay(t, findStrace(t))
	beside := filepath.Join(filepath.Dir(d.program), "flask-vault-remote")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", beside, "../flask-vault-remote").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	kept := t.TempDir()
	d.write("age.sh", strings.NewReplacer("KEPT", kept, "WORK", d.dir).Replace(keeper))
	if err := os.Chmod(filepath.Join(d.dir, "age.sh"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}

	// A plugin that keeps the key, and one that babbles.
	d.run("", 0, "plugin", "install", "-q", "age.sh", "--name", "age")
	d.run("", 0, "init", "-q")
	d.learnKey("master.key")
	d.run("canary-plain-4711", 0, "set", "db.password", "-")

	// A team, whose list and wrapped key are in the work tree.
	d.run("", 0, "team", "add", "ann", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj")
	d.write("id", "-----BEGIN OPENSSH PRIVATE KEY-----\nY2FuYXJ5LXBsYWluLTQ3MTE=\n-----END OPENSSH PRIVATE KEY-----\n")
	d.own = append(d.own, "id")
	d.run("", 2, "team", "add", "bob", "id")
	d.remove("id")
	d.remove("master.key")
	d.write("flask-vault.yaml", "version: 1\nkeysource: [age]\n")
	d.prints = true
	d.run("", 0, "get", "db.password")
	d.prints = false
	d.run("", 0, "team", "add", "dora", "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa")
	d.run("", 0, "team", "list", "--json")
	d.run("", 0, "team", "remove", "dora")
	d.canaryKey(filepath.Join(kept, "key"))
	d.run("", 0, "rekey", "--json", "--leaver")
	d.canaryKey(filepath.Join(kept, "key"))
	d.run("", 0, "key", "check", "--json")
	d.run("", 0, "config", "--json")
	d.run("", 7, "doctor", "--json") // the real plugin age would seal the list anew
	d.run("", 0, "plugin", "list", "--json")
	d.run("", 0, "plugin", "verify")
	d.run("", 0, "plugin", "test", "age")
	if err := os.WriteFile(filepath.Join(kept, "babbles"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"get", "db.password"}, {"rekey"}, {"key", "check"}, {"plugin", "test", "age"}} {
		d.run("", -1, args...)
	}
	d.run("", 0, "team", "list")
	d.run("", 7, "doctor", "--json")
	d.remove("master.key.age")
	d.remove("master.key.recipients")

	// Stores, with a token and a secret of AWS that servers echo.
	var sealed []byte
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sealed == nil || r.Header.Get("Authorization") != "Bearer canary-file-4714" {
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusForbidden)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(sealed)))
		_, _ = w.Write(sealed)
	}))
	defer web.Close()
	bucket := s3test.New(false)
	defer bucket.Close()
	d.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})))
	d.remove("credentials.yml.enc")
	d.remove("credentials.previous.enc")
	url := web.URL + "/shop.yml.enc"
	d.write("flask-vault.yaml", "version: 1\nkeysource: [file]\nenvironments:\n"+
		"  web: {credentials: '"+url+"', store: {ca: ca.pem, password_env: SHOP_TOKEN}}\n"+
		"  s3: {credentials: 's3://bucket/shop.yml.enc', store: {region: eu-central-1, endpoint: '"+bucket.URL()+"'}}\n")
	d.run("", 0, "init", "-q")
	d.learnKey("master.key")
	d.run("canary-plain-4711", 0, "set", "db.password", "-")
	d.run("", 0, "remote", "trust", url)
	d.run("", 0, "remote", "trust", "s3://bucket/shop.yml.enc")
	d.run("", 10, "get", "db.password", "--env", "web") // there is no token
	d.run("", 10, "get", "db.password", "--env", "s3")
	// git and flask-vault-remote have the user's environment, but for the keys.
	d.handed = []string{"SHOP_TOKEN=canary-file-4714", "AWS_SECRET_ACCESS_KEY=" + s3test.SecretAccessKey}
	d.env = append(append(d.env, "AWS_ACCESS_KEY_ID="+s3test.AccessKeyID), d.handed...)
	d.add(s3test.SecretAccessKey, "a secret of AWS")
	d.run("", -1, "get", "db.password", "--env", "web") // refused with an echo
	sealed = d.read("credentials.yml.enc")
	d.prints = true
	d.run("", 0, "get", "db.password", "--env", "web")
	d.prints = false
	d.run("x", 10, "set", "db.password", "-", "--env", "web")
	d.run("", 0, "copy", "--from", "file", "--to", "env:s3")
	d.run("canary-second-4712", 0, "set", "api.token", "-", "--env", "s3")
	d.run("", 0, "list", "--env", "s3")
	d.run("", 0, "remote", "list", "--json")
	d.run("", 0, "config", "--json", "--env", "web")
	d.run("", 0, "doctor", "--json", "--env", "web")
	d.run("", 0, "doctor", "--json", "--env", "s3")
	d.run("", 0, "rekey", "--env", "s3")
	d.learnKey("master.key")
	sealed = bytes.Repeat([]byte("canary"), 20)
	d.run("", -1, "get", "db.password", "--env", "web")
	bucket.SetFault(func(*http.Request) s3test.Fault { return s3test.EchoCredentials })
	d.run("", -1, "list", "--env", "s3")
	d.run("canary-second-4712", -1, "set", "api.token", "-", "--env", "s3")
	d.run("", 7, "doctor", "--json", "--env", "s3")
	t.Logf("%d commands, %d files read, %d processes, for %d forms of secrets", d.commands, d.files, d.processes, len(d.canaries))
	if d.commands < 40 || d.files < 1000 || d.processes < 100 {
		t.Error("too little was searched")
	}
}

// canaryKey learns a key that is kept out of the work tree.
func (d *leakyDay) canaryKey(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write("key", string(text))
	d.learnKey("key")
	d.remove("key")
}

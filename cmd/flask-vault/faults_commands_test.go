//go:build faults && linux

package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// Values that stand in no file of the world but where a command was asked to
// write them.
const (
	oldSecret = "Xk29-before-Qm83"
	newSecret = "Wv51-after-Zp64"

	oldDocument = "# a document\ndb.password: " + oldSecret + "\napi.token: stays-as-it-is\n"
	newDocument = "# a document\ndb.password: " + newSecret + "\napi.token: stays-as-it-is\n"
)

// fileSize is how many bytes encrypt and decrypt are given, by FAULTS_SIZE.
func fileSize(t *testing.T) int {
	if text := os.Getenv("FAULTS_SIZE"); text != "" {
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	}
	return 64 << 10
}

// content is a file of n bytes with a secret at its beginning and its end.
func content(secret string, n int) string {
	line := secret + strings.Repeat(".", 63-len(secret)) + "\n"
	return strings.Repeat(line, max(n/len(line), 1))
}

// state is what a command left: what was there before, or what it is to make.
type state int

const (
	before state = iota
	after
)

func (s state) String() string { return [...]string{"before", "after"}[s] }

// writer is a command that writes.
type writer struct {
	name   string
	setup  func(w *world)
	args   func(w *world) []string
	stdin  string
	env    func(w *world) []string
	driver bool // git starts it: args are those of git, and a fault hits the driver alone

	// look says in which state the world is, whole; it calls the next command
	// to find out. An error is a loss.
	look func(w *world) (state, error)
	// leaves says that plaintext may be in that file of the vault.
	leaves string
	// replaces says that it puts a plaintext or a key in the place of a file, for
	// which it needs a temporary name for a moment.
	replaces bool
	// document is the vault's file, if the next set is to write to it.
	document bool
}

// writers are all commands that write, each with what it may leave.
func writers(size int) []writer {
	words := func(args ...string) func(*world) []string { return func(*world) []string { return args } }
	vault := func(w *world) {
		w.mustFlask("", "init", "-q")
		w.mustDo([]string{"EDITOR=cp " + w.give("old.yml", oldDocument)}, static(w.t), "edit", "-q")
	}
	encrypted := func(w *world, name, text string) {
		w.mustFlask(text, "encrypt", "-q", "-", "-o", name)
	}
	document := func(old, new string) func(w *world) (state, error) {
		return func(w *world) (state, error) { return lookAt(w, "credentials.yml.enc", old, new) }
	}
	return []writer{
		{
			name: "init",
			setup: func(w *world) {
				w.mustDo(nil, "git", "init", "-q")
			},
			args: words("init"),
			look: lookAtInit, document: true,
		},
		{
			name: "edit", setup: func(w *world) { vault(w); w.give("new.yml", newDocument) },
			args: words("edit"),
			env:  func(w *world) []string { return []string{"EDITOR=cp " + filepath.Join(w.given, "new.yml")} },
			look: document(oldDocument, newDocument), document: true,
		},
		{
			name: "set", setup: vault,
			args: words("set", "db.password", "-"), stdin: newSecret,
			look: document(oldDocument, newDocument), document: true,
		},
		{
			name: "unset", setup: vault,
			args: words("unset", "api.token"),
			look: document(oldDocument, strings.ReplaceAll(oldDocument, "api.token: stays-as-it-is\n", "")), document: true,
		},
		{
			name: "import", setup: func(w *world) { vault(w); w.give("new.env", "db.password="+newSecret+"\n") },
			args: func(w *world) []string {
				return []string{"import", "--format", "dotenv", filepath.Join(w.given, "new.env")}
			},
			look: document(oldDocument, newDocument), document: true,
		},
		{
			name: "encrypt", setup: func(w *world) { vault(w); w.give("file", content(newSecret, size)) },
			args: func(w *world) []string { return []string{"encrypt", filepath.Join(w.given, "file"), "-o", "file.enc"} },
			look: func(w *world) (state, error) {
				return lookAt(w, "file.enc", "", content(newSecret, size))
			},
		},
		{
			name: "encrypt again", setup: func(w *world) {
				vault(w)
				encrypted(w, "file.enc", content(oldSecret, size))
				w.give("file", content(newSecret, size))
			},
			args: func(w *world) []string { return []string{"encrypt", filepath.Join(w.given, "file"), "-o", "file.enc"} },
			look: func(w *world) (state, error) {
				return lookAt(w, "file.enc", content(oldSecret, size), content(newSecret, size))
			},
		},
		{
			name: "decrypt -o", setup: func(w *world) { vault(w); encrypted(w, "file.enc", content(newSecret, size)) },
			args: words("decrypt", "file.enc", "-o", "file"),
			look: func(w *world) (state, error) {
				return lookAtPlain(w, "file", "", content(newSecret, size))
			},
			leaves: "file",
		},
		{
			name: "decrypt -o --force", setup: func(w *world) {
				vault(w)
				encrypted(w, "file.enc", content(newSecret, size))
				must(w.t, os.WriteFile(w.in("file"), []byte(content(oldSecret, size)), 0o600))
			},
			args: words("decrypt", "file.enc", "-o", "file", "--force"),
			look: func(w *world) (state, error) {
				return lookAtPlain(w, "file", content(oldSecret, size), content(newSecret, size))
			},
			leaves: "file", replaces: true,
		},
		{
			name: "rekey", setup: func(w *world) {
				vault(w)
				encrypted(w, "file.enc", content(oldSecret, 100))
				encrypted(w, "token.enc", oldSecret)
				must(w.t, os.WriteFile(w.in("before.key"), []byte(w.mustFlask("", "key", "show", "--reveal")), 0o600))
			},
			args: words("rekey", "--files", "file.enc"),
			look: lookAtRekey, document: true,
			leaves: "before.key", replaces: true,
		},
		{
			name: "key copy", setup: vault,
			args: words("key", "copy", "--to", "file:copy.key"),
			look: lookAtCopy,
		},
		{
			name: "git merge", setup: func(w *world) { branches(w, "clean") },
			args: words("merge", "-q", "--no-edit", "theirs"), driver: true,
			look: lookAtMerge, document: true,
		},
		{
			name: "git merge in conflict", setup: func(w *world) { branches(w, "conflict") },
			args: words("merge", "-q", "--no-edit", "theirs"), driver: true,
			look: document(oldDocument, newDocument), document: true,
		},
	}
}

// lookAt compares what an encrypted file holds. Without an old content it may
// be missing.
func lookAt(w *world, name, old, new string) (state, error) {
	blob, err := os.ReadFile(w.in(name))
	if os.IsNotExist(err) && old == "" {
		return before, nil
	}
	if err != nil {
		return before, err
	}
	r := w.flask("", "decrypt", name)
	switch {
	case r.code != 0:
		return before, fmt.Errorf("%s (%d bytes) does not open: %s", name, len(blob), r.stderr)
	case r.stdout == new:
		return after, nil
	case r.stdout == old && old != "":
		return before, nil
	}
	return before, fmt.Errorf("%s holds neither the old content nor the new one", name)
}

func lookAtPlain(w *world, name, old, new string) (state, error) {
	text, err := os.ReadFile(w.in(name))
	if os.IsNotExist(err) && old == "" {
		return before, nil
	}
	if err != nil {
		return before, err
	}
	if info, err := os.Stat(w.in(name)); err != nil || info.Mode().Perm() != 0o600 {
		return before, fmt.Errorf("%s is not for its owner alone: %v, %w", name, info.Mode(), err)
	}
	switch string(text) {
	case new:
		return after, nil
	case old:
		return before, nil
	}
	return before, fmt.Errorf("%s holds neither the old content nor the new one, but %d bytes", name, len(text))
}

// lookAtInit wants no document without its key, and no key that git would take up.
func lookAtInit(w *world) (state, error) {
	_, key := os.Stat(w.in("master.key"))
	_, document := os.Stat(w.in("credentials.yml.enc"))
	if document == nil && key != nil {
		return before, fmt.Errorf("there is a document without a key")
	}
	if key == nil {
		if r := w.do("", nil, "git", "check-ignore", "-q", "master.key"); r.code != 0 {
			return before, fmt.Errorf("there is a key that git does not ignore")
		}
	}
	s := before
	if key == nil && document == nil {
		s = after
		if r := w.flask("", "list"); r.code != 0 {
			return s, fmt.Errorf("the vault does not open: %s", r.stderr)
		}
	}
	// The next command makes what is missing.
	if r := w.flask("", "init"); r.code != 0 {
		return s, fmt.Errorf("init does not go on: %s", r.stderr)
	}
	return s, nil
}

// lookAtRekey wants everything to open under one key, whichever it is, and what
// the rekey did not name too.
func lookAtRekey(w *world) (state, error) {
	for name, text := range map[string]string{
		"credentials.yml.enc": oldDocument, "file.enc": content(oldSecret, 100), "token.enc": oldSecret,
	} {
		if _, err := lookAt(w, name, text, "\x00"); err != nil {
			return before, err
		}
	}
	old, err := os.ReadFile(w.in("before.key"))
	if err != nil {
		return before, err
	}
	now, err := os.ReadFile(w.in("master.key"))
	if err != nil {
		return before, err
	}
	if bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(now)) {
		return before, nil
	}
	if r := w.flask("", "decrypt", "credentials.yml.enc", "--keysource", "file:before.key"); r.code == 0 {
		return after, fmt.Errorf("the old key still opens the document")
	}
	return after, nil
}

func lookAtCopy(w *world) (state, error) {
	if _, err := lookAt(w, "credentials.yml.enc", oldDocument, "\x00"); err != nil {
		return before, err
	}
	key, err := os.ReadFile(w.in("copy.key"))
	if os.IsNotExist(err) {
		return before, nil
	}
	want, werr := os.ReadFile(w.in("master.key"))
	if err != nil || werr != nil || !bytes.Equal(key, want) {
		return before, fmt.Errorf("copy.key is not the key (%d bytes): %w", len(key), errors.Join(err, werr))
	}
	return after, nil
}

const mergedDocument = "# a document\ndb.password: " + newSecret + "\napi.token: stays-as-it-is\nours.new: 1\n"

// branches makes a repository with two branches to merge, without a conflict or
// with one.
func branches(w *world, kind string) {
	config := "[user]\n\temail = someone@example.com\n\tname = someone\n[init]\n\tdefaultBranch = ours\n" +
		"[gc]\n\tauto = 0\n[merge \"flask-vault\"]\n\tname = merge by key\n\tdriver = " + w.at("driver") + " %O %A %B %P\n"
	must(w.t, os.WriteFile(w.at("home/.gitconfig"), []byte(config), 0o600))
	w.mustDo(nil, "git", "init", "-q")
	w.mustFlask("", "init", "-q")
	attributes := []byte("*.enc -text merge=flask-vault\n")
	must(w.t, os.WriteFile(w.in(".gitattributes"), attributes, 0o600))
	edit := func(name, text string) {
		w.mustDo([]string{"EDITOR=cp " + w.give(name, text)}, static(w.t), "edit", "-q")
		w.mustDo(nil, "git", "add", "-A")
		w.mustDo(nil, "git", "commit", "-q", "-m", name)
	}
	edit("base.yml", strings.ReplaceAll(oldDocument, oldSecret, "base"))
	w.mustDo(nil, "git", "branch", "theirs")
	switch kind {
	case "clean":
		edit("ours.yml", strings.ReplaceAll(oldDocument, oldSecret, "base")+"ours.new: 1\n")
	case "conflict":
		edit("ours.yml", oldDocument)
	}
	w.mustDo(nil, "git", "checkout", "-q", "theirs")
	edit("theirs.yml", newDocument)
	w.mustDo(nil, "git", "checkout", "-q", "ours")
}

// lookAtMerge wants our version or the merged one in the work tree. A merge that
// failed can be given up.
func lookAtMerge(w *world) (state, error) {
	ours := strings.ReplaceAll(oldDocument, oldSecret, "base") + "ours.new: 1\n"
	s, err := lookAt(w, "credentials.yml.enc", ours, mergedDocument)
	if err != nil {
		return s, err
	}
	if r := w.do("", nil, "git", "rev-parse", "-q", "--verify", "MERGE_HEAD"); r.code == 0 {
		if r := w.do("", nil, "git", "merge", "--abort"); r.code != 0 {
			return s, fmt.Errorf("the merge cannot be given up: %s", r.stderr)
		}
		if again, err := lookAt(w, "credentials.yml.enc", ours, "\x00"); err != nil || again != before {
			return s, fmt.Errorf("after the merge was given up: %v, %w", again, err)
		}
	}
	return s, nil
}

// secrets are texts that no file on disk may hold: the secrets of the documents
// and every form of the key.
func (c *writer) secrets(w *world) []string {
	all := []string{oldSecret, newSecret}
	for _, name := range []string{"master.key", "before.key"} {
		text, err := os.ReadFile(w.in(name))
		if err != nil {
			continue
		}
		all = append(all, string(bytes.TrimSpace(text)))
		if raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text))); err == nil {
			all = append(all, string(raw))
		}
	}
	return all
}

// mayHold says where plaintext or a key belongs: in the files that the command
// was told to write, and in key files. One that is to take the place of another has
// a temporary name while it is given its own, and then its owner alone can read it.
func (c *writer) mayHold(w *world, naming bool) func(path string) bool {
	return func(path string) bool {
		switch name := filepath.Base(path); {
		case filepath.Dir(path) != w.vault():
			return false
		case name == c.leaves, name == "master.key", name == "copy.key":
			return true
		case durable.IsTemp(name):
			info, err := os.Stat(path)
			return err == nil && info.Mode().Perm() == 0o600 && naming && c.replaces
		}
		return false
	}
}

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// dangers are the ways in which Flask-Vault 1.0 can lose, leak or change a
// secret, and the scripts that would fail if this program did so too. The
// numbers are those of docs/flask-vault.md.
var dangers = []struct {
	number  int
	what    string
	scripts []string
}{
	{1, "edit with a malformed key empties the vault", []string{"danger-01-key-breaks", "exit-04-no-key"}},
	{2, "edit of a file that does not decode replaces it by the template", []string{"exit-06-corrupt"}},
	{3, "encrypt without a key empties FILE.enc", []string{"danger-03-encrypt-without-key"}},
	{4, "a full disk leaves half a file", []string{"disk-full", "unwritable"}},
	{5, "the key file is readable for everybody", []string{"init", "init-umask", "exit-10-policy"}},
	{6, "plaintext stays on disk after a signal", []string{"edit", "edit-signals"}}, // and TestVimInATerminal
	{7, "what a failing editor left is saved", []string{"exit-09-aborted"}},
	{8, "invalid or emptied text is saved without a word", []string{"exit-07-invalid", "exit-09-aborted"}},
	{9, "a missing key prints a sentence as the value, with exit 0", []string{"exit-03-not-found"}},
	{10, "a broken key or file looks like an empty vault", []string{"exit-04-no-key", "exit-06-corrupt"}},
	{11, "YAML 1.1 changes secrets, and one bad value breaks all", []string{"get", "exit-07-invalid"}}, // and TestVaultsOfFlaskVault
	{12, "control sequences are cut out of a secret, or obeyed by the terminal", []string{"get"}},      // and TestVaultsOfFlaskVault, TestTerminal
	{13, "init makes a new key beside an old vault", []string{"init-never-second-key"}},
	{14, "of two edits at once one is lost", []string{"exit-08-conflict"}},
	{15, "encrypt overwrites whatever FILE.enc is", []string{"encrypt", "destinations"}},
	{16, "decrypt makes no file, EDITOR takes no arguments, tmp/ must exist", []string{"decrypt", "edit-editors", "danger-16-fresh-clone"}},
	{17, "a space in the directory's name misleads the editor", []string{"edit-editors"}},
	{18, "adding a secret to an existing file fails", []string{"edit"}},
	{19, "no key id, so a wrong key and damage look alike", []string{"exit-05-wrong-key"}}, // swapped files: the envelope binds no name
}

func TestEachDangerHasItsScripts(t *testing.T) {
	for i, d := range dangers {
		if d.number != i+1 || len(d.scripts) == 0 {
			t.Errorf("danger %d (%s): in the wrong place, or without a script", d.number, d.what)
		}
		for _, s := range d.scripts {
			if _, err := os.Stat(filepath.Join("testdata", "script", s+".txtar")); err != nil {
				t.Errorf("danger %d (%s): %v", d.number, d.what, err)
			}
		}
	}
}

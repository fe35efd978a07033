package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestResolveInATerminal decides a conflict as a person does: ask, look, answer.
func TestResolveInATerminal(t *testing.T) {
	_, err := exec.LookPath("git")
	requires(t, err, "git")
	s := newTerminal(t)
	write(t, s.home, "begin", `set -e
git config --global user.email someone@example.com
git config --global user.name someone
git config --global init.defaultBranch main
git config --global merge.flask-vault.driver 'flask-vault git merge-driver %O %A %B %P'
git init -q
flask-vault init -q
echo '*.enc merge=flask-vault' >>.gitattributes
save() {
	for name in a b c; do printf '%s-%s' $1 $name | flask-vault set -q $name -; done
	git add -A
	git commit -q -m $1
}
save base
git checkout -q -b theirs
save theirs
git checkout -q main
save ours
flask-vault unset -q c
git commit -q -a -m ours
git merge -q theirs || true
`)
	s.sh("sh ../home/begin >/dev/null 2>&1", 0)

	s.start("flask-vault git resolve")
	screen := s.wait("a: both sides changed it", "take (o)urs, (t)heirs, (s)how both, (e)dit the text, (q)uit?")
	if strings.Contains(screen, "ours-a") || strings.Contains(screen, "theirs-a") {
		t.Errorf("values are shown unasked:\n%s", screen)
	}
	s.keys("s", "Enter")
	s.wait("ours:   ours-a", "theirs: theirs-a")
	s.keys("t", "Enter")
	s.wait("b: both sides changed it")
	s.keys("q", "Enter")
	s.wait("what was decided is kept", "ended with 9.")

	s.start("flask-vault git resolve")
	s.wait("b: both sides changed it")
	s.keys("o", "Enter")
	s.wait("c: our side deleted it, their side changed it")
	s.keys("s", "Enter")
	s.wait("ours:   (deleted)")
	s.keys("o", "Enter")
	s.wait("credentials.yml.enc is merged and added", "next: git commit", "ended with 0.")
	if got := run(t, s.dir, "get", "a"); got.stdout != "theirs-a\n" {
		t.Errorf("a is %q", got.stdout)
	}
	if got := run(t, s.dir, "list"); got.stdout != "a\nb\n" {
		t.Errorf("the keys are %q", got.stdout)
	}
	s.noTrace("theirs-b")
}

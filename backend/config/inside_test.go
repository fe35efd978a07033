package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/config"
)

// TestLinkedDirectories: a path of the configuration may lead through a link that stays
// in the vault's directory, wherever that is reached from, and through no other.
func TestLinkedDirectories(t *testing.T) {
	const out, nowhere = "leads out of the directory of flask-vault.yaml, through the link", "which leads nowhere"
	for name, c := range map[string]struct{ target, settings, want string }{
		"credentials":               {"../outside", "credentials: d/c.yml.enc", out},
		"credentials further below": {"../outside", "credentials: d/a/b/c.yml.enc", out},
		"key":                       {"../outside", "keysource: [{file: {path: d/k}}]", out},
		"files":                     {"../outside", "files: [d/c.pem.enc]", out},
		"an environment's":          {"../outside", "environments: {staging: {credentials: d/c.yml.enc}}", out},
		"the vault's parent":        {"..", "credentials: d/c.yml.enc", out},
		"a directory like it":       {"../vault-2", "credentials: d/c.yml.enc", out},
		"nowhere":                   {"../none", "credentials: d/c.yml.enc", nowhere},
		"inside":                    {"sub", "credentials: d/c.yml.enc", ""},
		"inside, key":               {"sub", "keysource: [{file: {path: d/k}}]", ""},
		"the vault itself":          {".", "credentials: d/d/c.yml.enc", ""},
		"lexically not through it":  {"../outside", "credentials: d/../c.yml.enc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, map[string]string{
				"vault/sub/": "", "vault-2/": "", "outside/": "",
				"vault/" + config.FileName: "version: 1\n" + c.settings + "\n",
			})
			vault := filepath.Join(dir, "vault")
			if err := os.Symlink(c.target, filepath.Join(vault, "d")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("vault", filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
			for _, from := range []string{vault, filepath.Join(dir, "link")} {
				o := config.Overrides{Dir: from}
				if strings.Contains(c.settings, "staging") {
					o.Environment = "staging"
				}
				r, err := config.Resolve(o)
				if err == nil {
					_, err = r.Sources()
				}
				var mistake *config.Error
				if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("%v, want %q", err, c.want)
				}
			}
		})
	}
}

// TestAUsersPathMayLeadAnywhere: what a user names is theirs to name, but naming the
// source alone takes the path of the configuration.
func TestAUsersPathMayLeadAnywhere(t *testing.T) {
	dir := tree(t, map[string]string{config.FileName: "version: 1\nkeysource: [{file: {path: ../x}}]\n"})
	for source, ok := range map[string]bool{"file:../x": true, "file": false} {
		c, err := config.Resolve(config.Overrides{Dir: dir, KeySources: []string{source}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Sources(); (err == nil) != ok {
			t.Errorf("--keysource %s: %v", source, err)
		}
		if _, err := c.Source(source); (err == nil) != ok {
			t.Errorf("to %s: %v", source, err)
		}
	}
}

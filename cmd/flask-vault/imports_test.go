package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/flask-vault/flask-vault/"

// rules say what the packages of each room may not link, directly or through
// others, and why. The standard library is free to all.
var rules = []struct {
	packages []string
	// not lists what none of the packages may depend on: import paths, or their
	// beginnings where they end in "/".
	not []string
	// only lists all that the packages may depend on beside the standard library.
	only []string
	why  string
}{
	{
		packages: []string{"backend", "backend/file", "backend/durable", "keysource/...", "format/..."},
		not:      []string{"github.com/spf13/", "github.com/go-viper/", "google.golang.org/grpc/", "github.com/hashicorp/", module + "cmd/"},
		why:      "an application that only reads secrets imports these packages, and should not carry a command line, a configuration library or gRPC",
	},
	{
		packages: []string{"keysource/..."},
		only: []string{
			module + "keysource/", module + "backend/durable/", "golang.org/x/sys/",
			module + "plugins/launch/", module + "plugins/trust/", // of keysource/external, to start a plugin
		},
		why: "whoever writes a key source imports keysource, and should get an interface, not a dependency tree",
	},
	{
		packages: []string{"backend", "backend/file", "backend/durable"},
		not:      []string{module + "backend/config/"},
		why:      "backend/config is for programs that want flask-vault.yaml; the core takes its options from the caller",
	},
	{
		packages: []string{"cmd/flask-vault"},
		not:      []string{"google.golang.org/grpc/", "google.golang.org/protobuf/", "github.com/hashicorp/go-plugin/"},
		why:      "every command pays for it at start-up (gRPC and go-plugin triple it): what needs them is another program that this one starts",
	},
	{
		packages: []string{"cmd/flask-vault-textconv"},
		not:      []string{"github.com/spf13/cobra/", "google.golang.org/", "github.com/hashicorp/", module + "cmd/internal/cli/"},
		why:      "git starts it once for each version of a file",
	},
}

func TestImportRules(t *testing.T) {
	for _, rule := range rules {
		for _, pkg := range list(t, "{{.ImportPath}}", rule.packages) {
			for _, dep := range list(t, "{{if not .Standard}}{{.ImportPath}}{{end}}", []string{pkg}, "-deps") {
				if among(dep, rule.not) {
					t.Errorf("%s links %s.\nIt must not: %s.\nWho imports it: go list -deps -f '{{.ImportPath}}: {{.Imports}}' %s", pkg, dep, rule.why, pkg)
				}
				if rule.only != nil && !among(dep, rule.only) {
					t.Errorf("%s links %s.\nIt may link only %s: %s", pkg, dep, strings.Join(rule.only, ", "), rule.why)
				}
			}
		}
	}
}

// TestViperStaysInConfig looks at direct imports: what imports backend/config
// links viper, and that is meant.
func TestViperStaysInConfig(t *testing.T) {
	found := false
	for _, line := range list(t, "{{.ImportPath}} {{join .Imports \" \"}} {{join .TestImports \" \"}} {{join .XTestImports \" \"}}", []string{"..."}) {
		pkg, imports, _ := strings.Cut(line, " ")
		for _, imported := range strings.Fields(imports) {
			switch {
			case imported != "github.com/spf13/viper":
			case pkg == module+"backend/config":
				found = true
			default:
				t.Errorf("%s imports viper.\nOnly backend/config may: one place knows how flags, variables and files are layered, and viper's global state stays out of the rest", pkg)
			}
		}
	}
	if !found {
		t.Error("backend/config does not import viper: this test looks for the wrong thing")
	}
}

// among reports whether a package is one of the paths, or below one.
func among(pkg string, paths []string) bool {
	for _, path := range paths {
		if strings.HasPrefix(pkg+"/", path) {
			return true
		}
	}
	return false
}

// list is go list over packages of this module, one line each, of which there is
// at least one.
func list(t *testing.T, format string, packages []string, flags ...string) []string {
	t.Helper()
	args := append([]string{"list", "-f", format}, flags...)
	for _, p := range packages {
		args = append(args, module+strings.TrimPrefix(p, module))
	}
	cmd := exec.Command("go", args...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || len(out) == 0 {
		t.Fatalf("go %q: %v\n%s", args, err, &problems)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

package main

import (
	"os/exec"
	"slices"
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
	// std lists packages of the standard library that none of the packages may depend on.
	std []string
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
		packages: []string{"backend/aws", "backend/etcd", "backend/s3", "backend/https", "backend/network", "backend/lastgood", "backend/location"},
		not:      []string{"github.com/spf13/", "github.com/go-viper/", "google.golang.org/grpc/", "github.com/hashicorp/", "go.etcd.io/", "github.com/aws/", module + "cmd/"},
		why:      "the clients are those of the standard library; theirs would weigh as much as the whole program",
	},
	{
		packages: []string{"backend", "backend/file", "backend/config", "backend/lastgood", "backend/location", "backend/watch"},
		std:      []string{"net/http"},
		why:      "a program whose vault is a local file should not carry a network client",
	},
	{
		packages: []string{"backend/config"},
		not:      []string{"github.com/spf13/", "github.com/go-viper/"},
		why:      "viper is for programs that live on it, in backend/config/viperconfig; linking it costs each start of a program a third of what an empty one does",
	},
	{
		packages: []string{"backend", "backend/file", "backend/durable"},
		not:      []string{module + "backend/config/"},
		why:      "backend/config is for programs that want flask-vault.yaml; the core takes its options from the caller",
	},
	{
		packages: []string{"cmd/flask-vault"},
		not: []string{
			"google.golang.org/grpc/", "google.golang.org/protobuf/", "github.com/hashicorp/go-plugin/", // another program has them, which this one starts
			"github.com/spf13/viper", "go.yaml.in/yaml/v3", // docs/decisions/0006
			"github.com/spf13/cobra/doc/", // of a release
			"github.com/fsnotify/", module + "backend/watch/",
			module + "backend/network/", module + "backend/etcd/", module + "backend/aws/", module + "backend/s3/", module + "backend/https/", // flask-vault-remote has them
		},
		std: []string{"net/http"},
		why: "every command pays for it at start-up: gRPC and go-plugin triple it, viper adds a third, net/http costs more than a get",
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
			for _, dep := range list(t, "{{.ImportPath}}", []string{pkg}, "-deps") {
				if among(dep, rule.not) {
					t.Errorf("%s links %s.\nIt must not: %s.\nWho imports it: go list -deps -f '{{.ImportPath}}: {{.Imports}}' %s", pkg, dep, rule.why, pkg)
				}
				if slices.Contains(rule.std, dep) {
					t.Errorf("%s links %s.\nIt must not: %s", pkg, dep, rule.why)
					continue
				}
				if first, _, _ := strings.Cut(dep, "/"); !strings.Contains(first, ".") { // of the standard library
					continue
				}
				if rule.only != nil && !among(dep, rule.only) {
					t.Errorf("%s links %s.\nIt may link only %s: %s", pkg, dep, strings.Join(rule.only, ", "), rule.why)
				}
			}
		}
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

// TestFewDependencies counts the modules that a program links with the library.
func TestFewDependencies(t *testing.T) {
	for what, of := range map[string]struct {
		most     int
		packages []string
	}{
		"with explicit options": {4, []string{
			"backend", "backend/file", "format/yaml", "keysource/file", "keysource/env",
		}},
		"found as the command finds it":                {5, []string{"backend/config"}},
		"found as the command finds it, and reloading": {6, []string{"backend/config", "backend/watch"}},
		"with explicit options and reloading": {5, []string{
			"backend", "backend/file", "backend/watch", "format/yaml", "keysource/file", "keysource/env",
		}},
	} {
		modules := map[string]bool{}
		for _, path := range list(t, "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", of.packages, "-deps") {
			if path != "" {
				modules[path] = true
			}
		}
		if len(modules) > of.most {
			t.Errorf("a vault %s links %d modules: %v", what, len(modules), modules)
		}
	}
}

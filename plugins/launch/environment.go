package launch

import (
	"os"
	"runtime"
)

// path is where a plugin finds the programs of the system. It is not the user's
// own PATH, so that the plugin does not depend on it.
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Environment is the environment of a plugin: a fixed PATH and, of the host's
// own variables, those that are named and set.
func Environment(names []string) []string {
	env := []string{"PATH=" + path}
	if runtime.GOOS == "windows" {
		root := os.Getenv("SystemRoot")
		env = []string{"SystemRoot=" + root, `PATH=` + root + `\System32;` + root}
	}
	for _, n := range names {
		if v, ok := os.LookupEnv(n); ok {
			env = append(env, n+"="+v)
		}
	}
	return env
}

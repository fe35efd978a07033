package variables

import (
	"slices"
	"strings"
)

// Name is the variable for a path: db.password becomes DB_PASSWORD. Letters of
// ASCII become capitals, digits stay, every other character becomes one _. The
// prefix stands in front as it is. A name that would begin with a digit gets a _
// in front. The result is empty only if both are.
func Name(prefix, path string) string {
	name := prefix + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, path)
	if name != "" && '0' <= name[0] && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// Valid reports whether a shell takes the name: [A-Za-z_][A-Za-z0-9_]*.
func Valid(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}

// Reserved reports whether a variable changes which code a program runs or how
// Flask-Vault itself is configured, so that nobody sets it by the mere name of a
// secret. The list follows that of sudo's env_delete.
func Reserved(name string) bool {
	name = strings.ToUpper(name)
	return slices.Contains(reserved, name) || slices.ContainsFunc(reservedPrefixes, func(p string) bool {
		return strings.HasPrefix(name, p)
	})
}

var reservedPrefixes = []string{"LD_", "DYLD_", "_RLD", "GIT_", "FLASK_VAULT_"}

var reserved = []string{
	// Where programs, libraries and a home are.
	"PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "WINDIR", "HOME", "SHELL", "TMPDIR", "PWD",
	"LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES", "NLSPATH", "LOCPATH", "PATH_LOCALE", "GCONV_PATH",
	"TERMINFO", "TERMINFO_DIRS", "TERMPATH", "TERMCAP",
	// What shells read or run.
	"IFS", "CDPATH", "ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PS4", "GLOBIGNORE", "PROMPT_COMMAND",
	"FPATH", "NULLCMD", "READNULLCMD", "ZDOTDIR", "TMPPREFIX",
	// Programs that other programs start.
	"EDITOR", "VISUAL", "PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE",
	// What interpreters load.
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "NODE_OPTIONS", "NODE_PATH",
	"PERLIO_DEBUG", "PERLLIB", "PERL5LIB", "PERL5OPT", "PERL5DB",
	"PYTHONHOME", "PYTHONPATH", "PYTHONINSPECT", "PYTHONUSERBASE", "PYTHONSTARTUP",
	"RUBYLIB", "RUBYOPT", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_PATH", "LUA_CPATH", "LUA_INIT",
}

package cli

import "strings"

// environmentCommands are those of which a hint says what to type and that work in one
// environment.
var environmentCommands = []string{
	"init", "get", "show", "edit", "encrypt", "decrypt", "set", "unset", "list", "exec", "export", "import", "rekey", "key", "team", "check",
}

// inSame has the commands of a hint work in the environment that this one was told to
// work in: without that they would change another one's document. A hint that names an
// environment itself stays as it is.
func (a *app) inSame(environment, hint string) string {
	if environment == "" || strings.Contains(hint, "--env") {
		return hint
	}
	start := a.name + " "
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(hint, start)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString(start)
		for _, c := range environmentCommands {
			if end, ok := strings.CutPrefix(rest, c); ok && strings.IndexAny(end+" ", " ,;:") == 0 {
				b.WriteString("--env " + quote(environment) + " ")
				break
			}
		}
		hint = rest
	}
}

package export

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// dotenv writes a line of a .env file. The readers of such files differ, so it
// writes only what python-dotenv, Node.js, npm's and Ruby's dotenv and docker
// compose all read alike:
//
//   - a word of harmless characters, without quotes;
//   - between single quotes, where Python takes \\ and \' for escapes, and even
//     there ${NAME} for a variable, and Node.js nothing;
//   - between double quotes without backslash and dollar sign.
func dotenv(b *bytes.Buffer, name, value string) error {
	switch err := environmentText(value); {
	case err != nil:
		return err
	case !utf8.ValidString(value):
		return notUTF8
	case strings.Contains(value, "\r"):
		return cannot("has a carriage return, which readers of .env files turn into a line end; --format json or shell can carry it")
	case strings.Contains(value, "${"):
		return cannot("has ${, which some readers of .env files take for a variable even in quotes; --format json or shell can carry it")
	}
	switch {
	case plainWord().MatchString(value):
		fmt.Fprintf(b, "%s=%s\n", name, value)
	case !strings.ContainsAny(value, `'`) && !strings.Contains(value, `\\`) && !strings.HasSuffix(value, `\`):
		fmt.Fprintf(b, "%s='%s'\n", name, value)
	case !strings.ContainsAny(value, "\"\\$`"):
		fmt.Fprintf(b, "%s=\"%s\"\n", name, value)
	default:
		return cannot("mixes quotes, backslashes or dollar signs in a way that readers of .env files do not agree on; --format json or shell can carry it")
	}
	return nil
}

var plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]+$`) })

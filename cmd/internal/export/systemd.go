package export

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// systemd writes a line for EnvironmentFile=. In double quotes a line end is
// itself, and the backslash makes " \ ` and $ themselves.
func systemd(b *bytes.Buffer, name, value string) error {
	switch err := environmentText(value); {
	case err != nil:
		return err
	case !utf8.ValidString(value):
		return notUTF8
	case strings.ContainsFunc(value, isNoncharacter):
		return cannot("has a Unicode noncharacter, and systemd ignores such a line")
	}
	escape := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "`", "\\`", `$`, `\$`)
	fmt.Fprintf(b, "%s=\"%s\"\n", name, escape.Replace(value))
	return nil
}

func isNoncharacter(r rune) bool {
	return 0xFDD0 <= r && r <= 0xFDEF || r&0xFFFE == 0xFFFE
}

package export

import (
	"bytes"
	"fmt"
	"strings"
)

// shell writes a command for the POSIX shell. Between single quotes nothing is
// special there but the single quote itself.
func shell(b *bytes.Buffer, name, value string) error {
	if err := environmentText(value); err != nil {
		return err
	}
	fmt.Fprintf(b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	return nil
}

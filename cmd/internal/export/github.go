package export

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// github writes a variable for the file that $GITHUB_ENV names: the value
// between two lines with a random delimiter, so that no value can end it.
func github(b *bytes.Buffer, name, value string) error {
	upper := strings.ToUpper(name)
	switch err := environmentText(value); {
	case err != nil:
		return err
	case strings.HasPrefix(upper, "GITHUB_") || strings.HasPrefix(upper, "RUNNER_") || upper == "NODE_OPTIONS":
		return &NameError{Name: name, Msg: "GitHub Actions lets nobody set this variable; --map gives it another name"}
	case !utf8.ValidString(value):
		return notUTF8
	case strings.HasSuffix(value, "\r"):
		return cannot("ends in a carriage return, which a runner on Windows drops")
	}
	var random [16]byte
	rand.Read(random[:])
	delimiter := "end-" + hex.EncodeToString(random[:])
	fmt.Fprintf(b, "%s<<%s\n%s\n%s\n", name, delimiter, value, delimiter)
	return nil
}

// githubMask writes the commands after which a job's log hides a value. The log
// is hidden line by line, so each line is masked by itself. An empty line
// cannot be masked and need not be.
func githubMask(b *bytes.Buffer, _, value string) error {
	switch err := environmentText(value); {
	case err != nil:
		return err
	case !utf8.ValidString(value):
		return notUTF8
	}
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for line := range strings.SplitSeq(value, "\n") {
		if line = strings.TrimSuffix(line, "\r"); strings.TrimSpace(line) != "" {
			fmt.Fprintf(b, "::add-mask::%s\n", escape.Replace(line))
		}
	}
	return nil
}

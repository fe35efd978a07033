package export

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDockerLine is one less than what bufio.Scanner takes, with which docker
// reads the file.
const maxDockerLine = 64<<10 - 1

// docker writes a line for docker run --env-file. The file knows no quotes:
// everything after the = up to the end of the line is the value.
func docker(b *bytes.Buffer, name, value string) error {
	switch err := environmentText(value); {
	case err != nil:
		return err
	case strings.Contains(value, "\n"):
		return cannot("has more than one line, which docker's --env-file cannot hold")
	case strings.HasSuffix(value, "\r"):
		return cannot("ends in a carriage return, which docker drops")
	case !utf8.ValidString(value):
		return notUTF8
	case len(name)+1+len(value) > maxDockerLine:
		return cannot("is longer than the lines that docker reads")
	}
	fmt.Fprintf(b, "%s=%s\n", name, value)
	return nil
}

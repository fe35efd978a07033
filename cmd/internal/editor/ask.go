package editor

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// ask puts a question until one of the letters is answered; an empty line means
// the first. The error is io.EOF where the input has ended.
func (e *editing) ask(ctx context.Context, question, letters string) (byte, error) {
	for {
		fmt.Fprintf(e.o.Err, "%s [%s] ", question, strings.ToUpper(letters[:1])+letters[1:])
		line, err := e.readLine(ctx)
		if err != nil {
			fmt.Fprintln(e.o.Err)
			return 0, err
		}
		answer := strings.ToLower(strings.TrimSpace(line))
		if answer == "" {
			return letters[0], nil
		}
		// "edit" is as good as "e".
		if strings.IndexByte(letters, answer[0]) >= 0 {
			return answer[0], nil
		}
	}
}

// readLine reads a line without taking a byte more, since the editor may read
// next. A signal or the end of ctx comes before the line: the read itself cannot
// be called back, it ends with the process.
func (e *editing) readLine(ctx context.Context) (string, error) {
	type reply struct {
		line string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		var line []byte
		one := make([]byte, 1)
		for {
			n, err := e.o.In.Read(one)
			if n == 1 && one[0] != '\n' && len(line) < 1024 {
				line = append(line, one[0])
			}
			switch {
			case n == 1 && one[0] == '\n', err == io.EOF && len(line) > 0:
				replies <- reply{line: string(line)}
				return
			case err != nil:
				replies <- reply{err: err}
				return
			}
		}
	}()
	select {
	case r := <-replies:
		return r.line, r.err
	case sig := <-e.signals.c:
		return "", &SignalError{Signal: sig}
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

package gitrepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Object is what git knows of an object.
type Object struct {
	ID   string // in hex
	Type string // blob, commit, tag, tree; missing if there is none
	Size int64  // bytes
}

// Contents calls each with the objects that ids names, in that order, and their
// content, of which it need not read all. An error of each ends it.
func (r *Repo) Contents(ctx context.Context, ids iter.Seq[string], each func(o Object, content io.Reader) error) error {
	return r.batch(ctx, ids, []string{"cat-file", "--batch", "--buffer"}, func(from *bufio.Reader, o Object) error {
		if o.Type == missing {
			return each(o, strings.NewReader(""))
		}
		content := &io.LimitedReader{R: from, N: o.Size}
		if err := each(o, content); err != nil {
			return err
		}
		_, err := from.Discard(int(content.N) + 1) // and a line end
		return err
	})
}

const missing = "missing"

// Check is Contents without the content.
func (r *Repo) Check(ctx context.Context, ids iter.Seq[string], each func(o Object) error) error {
	return r.batch(ctx, ids, []string{"cat-file", "--batch-check", "--buffer"}, func(_ *bufio.Reader, o Object) error {
		return each(o)
	})
}

// batch runs a git that reads ids and answers each with a line.
func (r *Repo) batch(ctx context.Context, ids iter.Seq[string], args []string, each func(*bufio.Reader, Object) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends git where each fails
	cmd := r.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		defer in.Close()
		w := bufio.NewWriterSize(in, 64<<10)
		for id := range ids {
			if _, err := w.WriteString(id + "\n"); err != nil {
				return // git has ended, and says why
			}
		}
		_ = w.Flush()
	}()
	err = answers(bufio.NewReaderSize(out, 256<<10), each)
	if err != nil {
		cancel()
	}
	<-fed
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = failure(args, &stderr, werr)
	}
	return err
}

func answers(from *bufio.Reader, each func(*bufio.Reader, Object) error) error {
	for {
		line, err := from.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			return nil
		}
		if err != nil {
			return err
		}
		words := strings.Fields(line)
		var o Object
		switch {
		case len(words) >= 2 && words[len(words)-1] == missing:
			o = Object{ID: words[0], Type: missing}
		case len(words) == 3:
			o = Object{ID: words[0], Type: words[1]}
			if o.Size, err = strconv.ParseInt(words[2], 10, 64); err != nil {
				return fmt.Errorf("git cat-file: an answer that is not understood")
			}
		default:
			return fmt.Errorf("git cat-file: an answer that is not understood")
		}
		if err := each(from, o); err != nil {
			return err
		}
	}
}

package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// serveProtocol is the version of what serve speaks: docs/serve-protocol.md.
const serveProtocol = 1

// maxRequest is the longest line that serve reads, in bytes. What is sealed is a
// fourth shorter, since it comes in base64.
const maxRequest = 64 << 20

func (a *app) serveCommand() *cobra.Command {
	var stdio bool
	cmd := &cobra.Command{
		Use:   "serve --stdio",
		Short: "Answer a program's questions over its pipes",
		Long: `Answer a program's questions until standard input ends: a line of JSON in, a line
of JSON out. It is how the package for Flask asks for values and tokens, so that
no other language needs the key. Values cross the pipe in plain; the key never does.

There is no socket: whoever starts the program is the only one who can ask.`,
		Example: "  " + a.name + " serve --stdio",
		Args:    exactly(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !stdio {
				return &usageError{msg: "serve talks over its standard input and output alone, and has to be told so", hint: a.name + " serve --stdio"}
			}
			return a.serve(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&stdio, "stdio", false, "talk over standard input and output")
	return cmd
}

func (a *app) serve(ctx context.Context) error {
	// The streams are the protocol's: nobody is asked, and nothing is remarked but in warnWorn.
	a.noInput, a.quiet = true, true
	keepOutOfDumps()
	endWithParent()
	s := &server{app: a}
	a.onStale = s.noteCopy
	_, _ = rand.Read(s.salt[:]) // does not fail
	in := bufio.NewReaderSize(a.in, 64<<10)
	var line []byte
	for {
		var err error
		line, err = readLine(in, line[:0])
		var answer []byte
		switch {
		case errors.Is(err, io.EOF): // a line that was cut off is nobody's any more
			return nil
		case errors.Is(err, errLongLine):
			answer = s.failure(0, &usageError{msg: err.Error(), hint: "flask-vault encrypt FILE encrypts a file of any size"})
		case err != nil:
			return fmt.Errorf("standard input: %w", err)
		default:
			answer = s.answer(ctx, line)
		}
		err = a.print(append(answer, '\n'))
		clear(line)
		clear(answer)
		if err != nil {
			return err
		}
	}
}

var errLongLine = fmt.Errorf("a request has at most %d MiB", maxRequest>>20)

// readLine appends a line without its end to dst. Of one that is too long
// nothing is kept.
func readLine(r *bufio.Reader, dst []byte) ([]byte, error) {
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if len(dst)+len(part) > maxRequest+1 {
			long = true
			clear(dst)
			dst = dst[:0]
		}
		if !long {
			dst = append(dst, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return dst, err
		case long:
			return dst, errLongLine
		default:
			return bytes.TrimSuffix(dst, []byte("\n")), nil
		}
	}
}

// request is a line that a program sends. Bytes are in base64.
type request struct {
	ID       int64  `json:"id"`
	Op       string `json:"op"`
	Protocol int    `json:"protocol"` // of hello
	Have     string `json:"have"`     // of snapshot
	Key      string `json:"key"`      // of get
	Data     []byte `json:"data"`     // of seal
	Token    string `json:"token"`    // of open
	AAD      []byte `json:"aad"`      // of seal and open
}

// fault is an error as it is answered, and as the same command would print it.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (s *server) fault(err error) *fault {
	code, message, hint := s.explain(err)
	return &fault{code, message, hint}
}

func (s *server) failure(id int64, err error) []byte {
	return encode(struct {
		ID    int64  `json:"id"`
		Error *fault `json:"error"`
	}{id, s.fault(err)})
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // what is encoded here has no such types
		return []byte(`{"id":0,"error":{"code":1,"message":"the answer cannot be written as JSON"}}`)
	}
	return text
}

func (s *server) answer(ctx context.Context, line []byte) []byte {
	var q request
	if err := json.Unmarshal(line, &q); err != nil {
		// The error would quote the line.
		return s.failure(q.ID, &usageError{msg: "the line is not a request: a JSON object on one line, with bytes in base64"})
	}
	answer, err := s.do(ctx, q)
	clear(q.Data)
	if err != nil {
		return s.failure(q.ID, err)
	}
	return encode(answer)
}

func (s *server) do(ctx context.Context, q request) (any, error) {
	switch q.Op {
	case "hello":
		if q.Protocol != serveProtocol {
			return nil, &usageError{msg: fmt.Sprintf("this flask-vault speaks protocol %d, not %d", serveProtocol, q.Protocol), hint: "install flask-vault and the package that asks it from the same release"}
		}
		return struct {
			ID       int64  `json:"id"`
			Protocol int    `json:"protocol"`
			Version  string `json:"version"`
		}{q.ID, serveProtocol, version()}, nil
	case "snapshot":
		return s.snapshot(ctx, q)
	case "get":
		return s.get(ctx, q)
	case "seal":
		c, err := s.currentCipher(ctx)
		if err != nil {
			return nil, err
		}
		token, err := c.Seal(q.Data, q.AAD)
		if c.Worn() {
			s.warnWorn()
		}
		return struct {
			ID    int64  `json:"id"`
			Token string `json:"token"`
		}{q.ID, string(token)}, err
	case "open":
		c, err := s.currentCipher(ctx)
		if err != nil {
			return nil, err
		}
		data, err := c.Open([]byte(q.Token), q.AAD)
		return struct {
			ID   int64  `json:"id"`
			Data []byte `json:"data"`
		}{q.ID, data}, err
	}
	return nil, &usageError{msg: fmt.Sprintf("there is no operation %q", q.Op), hint: "hello, snapshot, get, seal, open"}
}

// warnWorn says once that the key has sealed much. It is the one remark of serve:
// nobody else would make it before seals are refused.
func (s *server) warnWorn() {
	if !s.worn {
		s.worn = true
		fmt.Fprintf(s.err, "warning: half of the 2^32 messages that AES-GCM allows a key are encrypted in this process; give the vault a new key: %s rekey\n", s.name)
	}
}

package external

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// MaxMessage is the most bytes that a request or a reply may have (64 KiB).
const MaxMessage = 64 << 10

const (
	maxText    = 500 // bytes of a plugin's message that are shown
	maxPrompt  = 200
	maxAnswers = 16 // prompts in one call
)

// The operations of the protocol.
const (
	OpDescribe = "describe"
	OpLoad     = "load"
	OpSave     = "save"
	OpDelete   = "delete"
)

// Request is what a plugin gets: one line of JSON, with op as its first field.
type Request struct {
	Op          string             `json:"op"`
	Contract    int                `json:"contract"`
	Plugin      string             `json:"plugin"` // the name it is installed under
	Settings    keysource.Settings `json:"settings"`
	Key         string             `json:"key,omitempty"`     // for save: as master.key holds it
	Interactive bool               `json:"interactive"`       // whether a Prompt will be answered
	Answers     []string           `json:"answers,omitempty"` // to the prompts so far

	// For flask-vault-pluginhost alone: times in milliseconds, where 0 is the
	// default, and whether the checked program is open as descriptor 3.
	StartTimeout int64 `json:"start_timeout_ms,omitempty"`
	CallTimeout  int64 `json:"call_timeout_ms,omitempty"`
	Checked      bool  `json:"checked,omitempty"`
}

// Reply is what a plugin answers: one line of JSON with one of these fields.
type Reply struct {
	Description *trust.Description `json:"description,omitempty"` // for describe
	Key         *string            `json:"key,omitempty"`         // for load: as master.key holds it
	Done        bool               `json:"done,omitempty"`        // for save and delete
	Error       *ReplyError        `json:"error,omitempty"`
	Prompt      *Prompt            `json:"prompt,omitempty"`
}

// ReplyError is an [Error] inside a [Reply].
type ReplyError struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Prompt is a question to the person at the terminal. The plugin is run again
// with the answer.
type Prompt struct {
	Text   string `json:"text"`   // one line
	Secret bool   `json:"secret"` // the answer is not shown
}

// Line is the request as a plugin gets it, with its newline. Its error is an
// *[Error] without the name of the plugin.
func (r Request) Line() ([]byte, error) {
	if r.Settings == nil {
		r.Settings = keysource.Settings{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, &Error{Code: BadSettings, Message: "the request cannot be written: " + err.Error()}
	}
	if b.Len() > MaxMessage {
		return nil, &Error{Code: BadSettings, Message: fmt.Sprintf("the request has more than %d bytes", MaxMessage)}
	}
	return b.Bytes(), nil
}

// parseReply reads a reply line to a request. Its error is an *[Error] without
// the name of the plugin.
func parseReply(op string, line []byte) (Reply, error) {
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		// The error of encoding/json could quote a part of the key.
		return Reply{}, &Error{Code: BadReply, Message: "its reply is not the JSON object that the protocol asks for"}
	}
	return r, r.check(op)
}

// check returns an *[Error] unless the reply fits the operation.
func (r *Reply) check(op string) error {
	n := 0
	for _, set := range []bool{r.Description != nil, r.Key != nil, r.Done, r.Error != nil, r.Prompt != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return &Error{Code: BadReply, Message: fmt.Sprintf("its reply has %d results, not one", n)}
	case r.Error != nil:
		r.Error.Message = launch.Printable(r.Error.Message, maxText)
		return nil
	case r.Prompt != nil:
		r.Prompt.Text = launch.Printable(r.Prompt.Text, maxPrompt)
		return nil
	}
	fits := map[string]bool{
		OpDescribe: r.Description != nil, OpLoad: r.Key != nil, OpSave: r.Done, OpDelete: r.Done,
	}[op]
	if !fits {
		return &Error{Code: BadReply, Message: fmt.Sprintf("its reply is not one to %q", op)}
	}
	return nil
}

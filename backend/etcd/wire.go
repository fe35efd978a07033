package etcd

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// The gateway's JSON is that of protocol buffers: numbers of 64 bits are strings,
// bytes are base64, and what is zero is left out.

// revision is a number of 64 bits, as text or as a number.
type revision int64

func (r revision) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatInt(int64(r), 10) + `"`), nil
}

func (r *revision) UnmarshalJSON(text []byte) error {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		text = text[1 : n-1]
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return errors.New("a number of etcd's reply is none")
	}
	*r = revision(n)
	return nil
}

type header struct {
	Revision revision `json:"revision"`
}

type keyValue struct {
	Key         []byte   `json:"key"`
	ModRevision revision `json:"mod_revision"`
	Value       []byte   `json:"value"`
}

type rangeRequest struct {
	Key               []byte   `json:"key"`
	RangeEnd          []byte   `json:"range_end,omitempty"`
	Limit             revision `json:"limit,omitempty"`
	Revision          revision `json:"revision,omitempty"`
	KeysOnly          bool     `json:"keys_only,omitempty"`
	CountOnly         bool     `json:"count_only,omitempty"`
	Serializable      bool     `json:"serializable,omitempty"`
	MaxCreateRevision revision `json:"max_create_revision,omitempty"`
}

type rangeReply struct {
	Header header     `json:"header"`
	KVs    []keyValue `json:"kvs"`
}

type putRequest struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

type deleteRequest struct {
	Key      []byte `json:"key"`
	RangeEnd []byte `json:"range_end,omitempty"`
}

// compare is one condition of a transaction. Of the numbers the one that target
// names counts; zero is sent as well.
type compare struct {
	Key            []byte    `json:"key"`
	Target         string    `json:"target"` // MOD, CREATE or VERSION
	Result         string    `json:"result"` // EQUAL or GREATER
	ModRevision    *revision `json:"mod_revision,omitempty"`
	CreateRevision *revision `json:"create_revision,omitempty"`
	Version        *revision `json:"version,omitempty"`
}

func modIs(key []byte, r revision) compare {
	return compare{Key: key, Target: "MOD", Result: "EQUAL", ModRevision: &r}
}

func absent(key []byte) compare {
	return compare{Key: key, Target: "CREATE", Result: "EQUAL", CreateRevision: new(revision)}
}

func present(key []byte) compare {
	return compare{Key: key, Target: "VERSION", Result: "GREATER", Version: new(revision)}
}

type operation struct {
	Put   *putRequest   `json:"request_put,omitempty"`
	Range *rangeRequest `json:"request_range,omitempty"`
}

type txnRequest struct {
	Compare []compare   `json:"compare"`
	Success []operation `json:"success,omitempty"`
	Failure []operation `json:"failure,omitempty"`
}

type txnReply struct {
	Header    header `json:"header"`
	Succeeded bool   `json:"succeeded"`
	Responses []struct {
		Range *rangeReply `json:"response_range"`
	} `json:"responses"`
}

type watchRequest struct {
	Create struct {
		Key           []byte   `json:"key"`
		StartRevision revision `json:"start_revision"`
		Fragment      bool     `json:"fragment"`
	} `json:"create_request"`
}

// watchReply is one line of the stream. Its error is that of the gateway.
type watchReply struct {
	Result *watchResult    `json:"result"`
	Error  json.RawMessage `json:"error"`
}

type watchResult struct {
	Header          header       `json:"header"`
	Created         bool         `json:"created"`
	Canceled        bool         `json:"canceled"`
	CancelReason    string       `json:"cancel_reason"`
	CompactRevision revision     `json:"compact_revision"`
	Events          []watchEvent `json:"events"`
}

type watchEvent struct {
	Type string   `json:"type"` // DELETE, or PUT, which is left out
	KV   keyValue `json:"kv"`
}

type authRequest struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type authReply struct {
	Token string `json:"token"`
}

// decode reads a reply whole.
func decode(text []byte, reply any) error {
	if err := json.Unmarshal(text, reply); err != nil {
		return fmt.Errorf("the reply is not what etcd sends: %w", shapeOnly(err))
	}
	return nil
}

// shapeOnly drops from an error of encoding/json what it quotes of the input,
// which may be a token.
func shapeOnly(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is no JSON from byte %d on", syntax.Offset)
	}
	return errors.New("a part of it has another type")
}

package etcd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
)

// FuzzReplies has a server answer with any bytes, to a load, a save and a message of a
// watch: nothing panics, and no error of a save that may have been made says that it
// was not.
func FuzzReplies(f *testing.F) {
	for _, seed := range []string{
		`{"header":{"revision":"7"},"kvs":[{"key":"L2E=","mod_revision":"7","value":"dGV4dA=="}],"count":"1"}`,
		`{"header":{"revision":"7"},"succeeded":true,"responses":[{"response_put":{"header":{"revision":"7"}}}]}`,
		`{"header":{"revision":"7"},"responses":[{"response_range":{"kvs":[{"key":"L2E=","mod_revision":"5"}]}}]}`,
		`{"header":{"revision":7},"responses":[{"response_range":{}}]}`,
		`{"error":"etcdserver: permission denied","message":"etcdserver: permission denied","code":7}`,
		`{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}}`,
		`{"result":{"header":{"revision":"7"},"created":true}}`,
		`{"result":{"header":{"revision":"7"},"events":[{"type":"DELETE","kv":{"key":"L2E=","mod_revision":"7"}}]}}`,
		`{"result":{"header":{},"canceled":true,"compact_revision":"3"}}`,
		`{"result":{"canceled":true,"cancel_reason":"rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"}}`,
		`{"kvs":[{"key":"L2E=","mod_revision":"-1","value":"!"}]}`, `{"kvs":null}`, `[]`, `null`, "", "\x00",
	} {
		f.Add(200, []byte(seed))
		f.Add(400, []byte(seed))
		f.Add(503, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, reply []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		s, err := Open("etcd+http://127.0.0.1/a", Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.client.http.Transport, s.client.pause = answering{status, reply}, 1
		snap, err := s.Load(t.Context(), "")
		if err == nil && (snap.Version == "" || status != 200) || err != nil && snap.Version != "" {
			t.Errorf("load: version %q, %v", snap.Version, err)
		}
		if snap, err = s.Load(t.Context(), "5"); err == nil && snap.Version == "" || errors.Is(err, backend.ErrUncertain) {
			t.Errorf("load: version %q, %v", snap.Version, err)
		}
		v, err := s.Save(t.Context(), []byte("text"), "5")
		if err == nil && v == "" || err != nil && v != "" {
			t.Errorf("save: version %q, %v", v, err)
		}
		if status >= 500 && err != nil && readAnswer(status, reply).code == 0 && !errors.Is(err, backend.ErrUncertain) {
			t.Errorf("a save that may have been made: %v", err)
		}
		w := &watch{store: s, notify: func(backend.Snapshot) {}, next: 3, start: 3}
		if m, err := readMessage(reply); err == nil {
			_ = w.message(t.Context(), m) // any error will do
		}
	})
}

// answering is a server of one answer.
type answering struct {
	status int
	body   []byte
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(a.status)
	response := recorder.Result()
	response.Body, response.Request = io.NopCloser(bytes.NewReader(a.body)), r
	return response, nil
}

// FuzzList: what is taken as a list of chunks is one that is written the same way.
func FuzzList(f *testing.F) {
	f.Add(listOf(newID(), make([]byte, 3*chunkSize)).text())
	f.Add([]byte("flask-vault chunks 1 x 1 1 y\n"))
	f.Add([]byte("flask-vault chunks 2 "))
	f.Fuzz(func(t *testing.T, value []byte) {
		l, err := parseList(value)
		if err != nil {
			if !errors.Is(err, backend.ErrMalformed) {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		if !bytes.Equal(l.text(), value) || l.count > maxChunks || l.size > MaxSize {
			t.Errorf("%q was taken", value)
		}
	})
}

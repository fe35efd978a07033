package https

import (
	"encoding/json"

	"github.com/flask-vault/flask-vault/backend"
)

// note is what a store knows of its last answers.
type note struct {
	First  int         `json:"first"`
	Relays []relayNote `json:"relays"`
}

type relayNote struct {
	ETag string          `json:"etag,omitempty"`
	Of   backend.Version `json:"of,omitempty"`
}

// Note is what the store knows of its last answers: their ETags, and which relay
// answered. Another process gives it to [Store.Recall], so that its first load can be
// answered 304, too.
func (s *Store) Note() string {
	s.mu.Lock()
	n := note{First: s.first}
	s.mu.Unlock()
	for _, r := range s.relays {
		r.mu.Lock()
		n.Relays = append(n.Relays, relayNote{r.etag, r.of})
		r.mu.Unlock()
	}
	text, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return string(text)
}

// Recall takes up what [Store.Note] gave for the same URLs. Anything else is left alone.
func (s *Store) Recall(text string) {
	var n note
	if json.Unmarshal([]byte(text), &n) != nil || len(n.Relays) != len(s.relays) || n.First < 0 || n.First >= len(s.relays) {
		return
	}
	s.mu.Lock()
	s.first = n.First
	s.mu.Unlock()
	for i, r := range s.relays {
		r.mu.Lock()
		r.etag, r.of = checked(n.Relays[i].ETag), n.Relays[i].Of
		r.mu.Unlock()
	}
}

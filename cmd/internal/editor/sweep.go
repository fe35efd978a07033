package editor

import "github.com/flask-vault/flask-vault/cmd/internal/private"

// Leftover is the directory of a session that has died without removing it, as
// after a kill -9. It can hold a plaintext.
type Leftover = private.Leftover

// Leftovers lists the directories of dead sessions of this user in the places
// that Run would use with the same Env and Fallback. Living sessions are not
// among them.
func Leftovers(o Options) ([]Leftover, error) { return private.Leftovers(o.parents()) }

// Sweep removes what [Leftovers] lists and returns what it removed. It is safe
// beside living sessions and other sweeps.
func Sweep(o Options) ([]Leftover, error) { return private.Sweep(o.parents()) }

func (o Options) parents() []string {
	return private.Parents(o.withDefaults().getenv("XDG_RUNTIME_DIR"), o.Fallback)
}

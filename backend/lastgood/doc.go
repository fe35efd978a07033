// Package lastgood keeps the last good sealed document of a store on the local
// disk, so that a program starts, and goes on reading, while the store is down.
//
//	store := lastgood.New(remote, lastgood.Options{Path: path, Check: backend.CheckEnvelope, Stale: func(s lastgood.Stale) {
//		log.Printf("the vault is as it was %v ago: %v", s.Age, s.Cause)
//	}})
//
// [New] wraps any [backend.Store]. After each load that goes well the sealed
// bytes are in a file for the user alone (0600), unless they cannot be a document. A load that the store does not
// answer is answered from it, and the program is told how old that is. A save
// never goes against a copy: the store itself has to confirm first what was loaded.
//
// It also refuses to go back. Every sealing has a fresh nonce, so a sealed document
// that another one has replaced never comes back by itself: if it does, a
// stale replica or somebody who wants old secrets in force again is answering.
// The file remembers the SHA-256 of the last [Remembered] documents that were
// replaced, and, where the store counts its versions, the highest; an older one is
// [ErrRollback]. [Accept] takes it all the same, for a store that was restored from
// a backup. An old document that this machine has never seen cannot be
// told from a new one.
package lastgood

// Package agefile is a key source in an age file that is committed beside the
// vault: the master key, wrapped for each member of a team. Whoever has the
// private key of one member opens it.
//
// The settings, both optional, are paths in the vault's directory:
//
//	file        the wrapped key; master.key.age
//	recipients  the list of the members; master.key.recipients
//
// Which private keys open it, the user decides and no project: the files that
// the variable AGE_IDENTITY_FILE names, or, without it, ~/.ssh/id_ed25519,
// ~/.ssh/id_rsa and ~/.config/age/identities.txt.
//
// A key is wrapped for what the list says, and only for a list that has the seal
// of the key that is wrapped now (package keysource/recipients): somebody who
// cannot open the key cannot add a member.
package agefile

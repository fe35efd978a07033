// Package format says how the plaintext of a vault is written.
//
// A [Format] parses plaintext into a [Document], which answers questions about
// it ([Document.Get], [Document.Names]) and changes single values of it
// ([Document.Set], [Document.Unset]) so that everything else stays byte for
// byte. A [Registry] picks the format by the extension of a file's name.
//
// A document's values are addressed by a path. A path is first looked up as one
// key at the top level, dots included, since that is how Flask-Vault's files
// are written ("db.password: …"); only then are its parts followed into nested
// mappings (db, then password).
//
// Formats never decide what is secret, and none of their errors quotes the
// document: a [SyntaxError] holds a line, a column and what the grammar wanted.
package format

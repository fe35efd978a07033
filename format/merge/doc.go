// Package merge merges two changed versions of a document by key.
//
// [Three] takes the version that both sides began with, and theirs and ours. What
// one side alone added, changed, deleted or moved is in the result, as the source
// text that it was written in, with its comments. Where both sides changed one
// key in different ways, or one deleted what the other changed, there is a
// [Conflict] for that key. A list is one value.
//
// A result is only given after it was parsed again and has exactly the values
// that it should have. Where no such text can be made, the whole document is in
// conflict ([WholeError]). So a merge is clean and right, or it says that it is
// not.
//
// The texts are secrets. No error quotes them.
package merge

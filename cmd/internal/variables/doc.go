// Package variables turns the secrets of a vault into variables: which ones,
// under which names.
//
// [Select] takes a vault and what a command's flags say and gives the variables
// in the document's order, or an error; it never gives a part. Two keys that
// would share a variable are an error, and so is a variable such as PATH or
// LD_PRELOAD that nobody asked for by name.
//
// The commands exec and export use it.
package variables

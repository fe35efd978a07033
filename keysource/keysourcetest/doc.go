// Package keysourcetest checks that a key source keeps the rules of
// [keysource.Source], [keysource.Saver] and [keysource.Deleter].
//
// Every source of this project passes it, and so should yours: [Run] is for a
// Go test, [Check] for a program, such as the one that tests an installed
// plugin in whatever language it is written. Both do the same through the same
// factory that a configuration uses.
package keysourcetest

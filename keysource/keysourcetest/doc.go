// Package keysourcetest checks in a Go test that a key source keeps the rules of
// [keysource.Source], [keysource.Saver] and [keysource.Deleter].
//
// Every source of this project passes it, and so should yours. The suite reaches
// the source through the same factory that a configuration uses; the rules
// themselves are in the package suite.
package keysourcetest

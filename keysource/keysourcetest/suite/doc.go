// Package suite is the conformance suite of key sources without the package
// testing, for a program that checks a source, such as the one that tests an
// installed plugin in whatever language it is written. A Go test uses
// keysourcetest, which is the same.
package suite

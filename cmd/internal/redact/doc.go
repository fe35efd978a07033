// Package redact hides secrets in a stream, as in the output of a program that
// was given them.
//
// [Compile] makes one automaton (Aho and Corasick's) of every form in which a
// secret may be printed, as package forms lists them. A [Writer] passes a stream through it
// and writes [Mask] for what it finds, wherever the chunks of the stream begin.
// It holds back only what may be the beginning of a secret.
//
// It is a net for accidents, not a wall: a program that means to give a secret
// away can print it in a form that is not among these.
package redact

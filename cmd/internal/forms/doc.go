// Package forms knows in which forms a secret turns up: as it is, in base64 at any
// alignment, in hex, escaped for JSON, a URL or a shell, and line by line.
//
// It is the one definition for what hides secrets (redact) and for what looks for
// them (leaks). [Worth] and [Weak] say which values are too common for either.
package forms

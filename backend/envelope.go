package backend

import (
	"bytes"
	"unicode/utf8"

	"github.com/emmansun/base64"
)

const (
	nonceSize = 12 // bytes, NIST SP 800-38D section 8.2.2
	tagSize   = 16 // bytes

	asciiSpace = " \t\n\v\f\r"
)

// encoding is URL-safe base64 with padding, RFC 4648 section 5. Strict refuses
// a last character whose unused bits are not zero. Line ends are skipped.
var encoding = base64.URLEncoding.Strict()

// appendEnvelope appends the text of nonce ‖ ciphertext ‖ tag to dst.
func appendEnvelope(dst, sealed []byte) []byte { return encoding.AppendEncode(dst, sealed) }

// appendDecoded appends nonce ‖ ciphertext ‖ tag to dst. White space around the text
// and line ends within it are ignored; whatever else is not canonical is an
// *[EnvelopeError].
func appendDecoded(dst, text []byte) ([]byte, error) {
	text = bytes.Trim(text, asciiSpace)
	if len(text) == 0 {
		return nil, &EnvelopeError{Reason: "it is empty"}
	}
	sealed, err := encoding.AppendDecode(dst, text)
	if err != nil {
		return nil, &EnvelopeError{Reason: diagnose(text, int64(len(text)-lineEnds(text)))}
	}
	if len(sealed)-len(dst) < nonceSize+tagSize {
		return nil, errCut
	}
	return sealed, nil
}

// CheckEnvelope returns an *[EnvelopeError] if a blob does not have the form of an
// encrypted document: a web page of a proxy, for example. Whether a key opens it is
// another matter. package lastgood asks before it keeps what a store gave.
func CheckEnvelope(blob []byte) error {
	_, err := appendDecoded(nil, blob)
	return err
}

// diagnose says what a person should know of text that is no envelope and has
// that many characters, not counting line ends.
func diagnose(text []byte, length int64) string {
	switch {
	case bytes.Contains(text, []byte("<<<<<<< ")) && bytes.Contains(text, []byte("\n>>>>>>> ")):
		return "it holds the conflict markers of a git merge"
	case newerVersion(text):
		return "it was made by a newer version of flask-vault"
	case !utf8.Valid(text):
		return "it is binary data, not base64"
	case bytes.ContainsAny(text, " \t:{"):
		return "it looks like plain text that was never encrypted"
	case bytes.ContainsAny(text, "+/"):
		return "it is not base64 in the URL-safe alphabet"
	case length%4 != 0 && !bytes.HasSuffix(text, []byte("=")):
		return "it is cut short"
	}
	return "it is not URL-safe base64 with padding"
}

// newerVersion recognises the reserved prefix "v", digits, ".", which no
// envelope of version 1 can have.
func newerVersion(text []byte) bool {
	digits := 0
	for digits+1 < len(text) && text[digits+1] >= '0' && text[digits+1] <= '9' {
		digits++
	}
	return text[0] == 'v' && digits > 0 && len(text) > digits+1 && text[digits+1] == '.'
}

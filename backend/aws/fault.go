package aws

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/flask-vault/flask-vault/backend"
)

// Fault is what an answer in XML says of why a request was not carried out.
type Fault struct {
	Code    string // "AccessDenied"; "" if the server gave none
	Message string // the server's, cut to one line of 200 characters
	Region  string // where the server says that the bucket is, "" if it does not
}

// ParseFault takes what is of use from the XML of an error, S3's or that of STS. It takes
// nothing from what is not such XML, nor text that holds one of the secrets, since a
// server may send back what it was sent.
func ParseFault(body []byte, secrets ...string) Fault {
	var doc struct {
		XMLName xml.Name
		Code    string
		Message string
		Region  string
		Error   struct{ Code, Message string } // of STS, which wraps it
	}
	if xml.Unmarshal(body, &doc) != nil || doc.XMLName.Local != "Error" && doc.XMLName.Local != "ErrorResponse" {
		return Fault{}
	}
	if doc.Code == "" {
		doc.Code, doc.Message = doc.Error.Code, doc.Error.Message
	}
	f := Fault{Code: Word(doc.Code), Message: line(doc.Message), Region: Word(doc.Region)}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(f.Message+f.Code+f.Region, secret) {
			return Fault{}
		}
	}
	return f
}

// Answered says what was answered, with the status of HTTP.
func (f Fault) Answered(status int) string {
	text := fmt.Sprintf("the server answered %d", status)
	if f.Code != "" {
		text += " " + f.Code
	}
	if f.Message != "" {
		text += " (" + f.Message + ")"
	}
	return text
}

// refusedError says that STS gives nothing for a token.
type refusedError struct {
	host, role string
	status     int
	fault      Fault
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s does not exchange the web identity for credentials of the role %s: %s; the role must trust the token's issuer and subject, and the token must not be old",
		e.host, e.role, e.fault.Answered(e.status))
}

// Is finds a server that is broken, or else one that refuses.
func (e *refusedError) Is(target error) bool {
	if e.status >= 500 {
		return target == backend.ErrUnreachable
	}
	return target == fs.ErrPermission
}

// Word is s if it is a short name, else "".
func Word(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	}) {
		return ""
	}
	return s
}

// line is one line of s, of 200 characters at most that can be printed.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200])
	}
	return s
}

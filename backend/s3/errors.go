package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/flask-vault/flask-vault/backend"
)

// ErrUnconditional is wrapped where a server was found not to honour conditional
// writes. Saving there could lose somebody else's change, so Save refuses.
var ErrUnconditional = backend.ErrUnconditional

// ServerError is an answer that says that a request was not carried out.
type ServerError struct {
	Status  int    // of HTTP
	Code    string // "AccessDenied"; "" if the server gave none
	Message string // the server's, cut to one line of 200 characters
	Region  string // where the server says that the bucket is, "" if it does not
	Hint    string // what to do, "" if nobody knows
}

func (e *ServerError) Error() string {
	text := fmt.Sprintf("the server answered %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += " (" + e.Message + ")"
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Denied reports whether the server refuses whoever asked: other credentials may help.
func (e *ServerError) Denied() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Status == http.StatusBadRequest && badCredentials(e.Code)
}

// Is makes errors.Is find backend.ErrNoSuchStore where the bucket is not there.
func (e *ServerError) Is(target error) bool {
	return target == backend.ErrNoSuchStore && (e.Code == "NoSuchBucket" || e.elsewhere())
}

// elsewhere reports whether the server says that the bucket is in another region.
func (e *ServerError) elsewhere() bool {
	return e.Region != "" && (e.Status/100 == 3 || e.Status == 400)
}

// serverError reads the error that an answer is. Text that holds one of the secrets is
// left out, since a server may send back what it was sent.
func serverError(a *answer, secrets ...string) *ServerError {
	e := parseError(a.body)
	e.Status = a.status
	if e.Region == "" {
		e.Region = word(a.header.Get("X-Amz-Bucket-Region"))
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(e.Message+e.Code+e.Region, secret) {
			e.Message, e.Code, e.Region = "", "", ""
		}
	}
	e.Hint = hint(e)
	return e
}

// parseError takes what is of use from the XML of an error, S3's or STS's. It takes
// nothing from what is not such XML.
func parseError(body []byte) *ServerError {
	var doc struct {
		XMLName xml.Name
		Code    string
		Message string
		Region  string
		Error   struct{ Code, Message string } // of STS, which wraps it
	}
	if xml.Unmarshal(body, &doc) != nil || doc.XMLName.Local != "Error" && doc.XMLName.Local != "ErrorResponse" {
		return &ServerError{}
	}
	if doc.Code == "" {
		doc.Code, doc.Message = doc.Error.Code, doc.Error.Message
	}
	return &ServerError{Code: word(doc.Code), Message: line(doc.Message), Region: word(doc.Region)}
}

// word is s if it is a short name, else "".
func word(s string) string {
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

func hint(e *ServerError) string {
	if e.elsewhere() {
		return "the bucket is in the region " + e.Region + ": put ?region=" + e.Region + " into the URL"
	}
	switch e.Code {
	case "NoSuchBucket":
		return "make the bucket, or correct the URL"
	case "AccessDenied", "AllAccessDisabled":
		return "the role needs s3:GetObject and s3:PutObject for the object, and s3:ListBucket for the bucket, without which a missing object looks the same"
	case "SignatureDoesNotMatch":
		return "the secret access key is not that of the access key"
	case "InvalidAccessKeyId":
		return "there is no such access key at this server"
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken":
		return "the session has ended: log in again"
	case "RequestTimeTooSkewed":
		return "set the clock of this computer"
	}
	switch {
	case e.Status/100 == 3:
		return "redirects are not followed: correct the region or the endpoint in the URL"
	case e.Status == 403 && e.Code == "":
		return "the credentials are not allowed to do this, or a proxy answered"
	}
	return ""
}

// oldCredentials reports whether a request was refused for its credentials alone,
// so that others may help.
func (a *answer) oldCredentials() bool {
	if a.status != 400 && a.status != 401 && a.status != 403 {
		return false
	}
	return badCredentials(parseError(a.body).Code)
}

// badCredentials reports whether an error's code says that the credentials are what is wrong.
func badCredentials(code string) bool {
	switch code {
	case "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return true
	}
	return false
}

package s3

import (
	"net/http"
	"slices"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/aws"
)

// ErrUnconditional is wrapped where a server was found not to honour conditional
// writes. Saving there could lose somebody else's change, so Save refuses.
var ErrUnconditional = backend.ErrUnconditional

// ServerError is an answer that says that a request was not carried out.
type ServerError struct {
	aws.Fault
	Status int    // of HTTP
	Hint   string // what to do, "" if nobody knows
}

func (e *ServerError) Error() string {
	text := e.Answered(e.Status)
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
// left out.
func serverError(a *answer, secrets ...string) *ServerError {
	e := &ServerError{Fault: aws.ParseFault(a.body, secrets...), Status: a.status}
	if region := aws.Word(a.header.Get("X-Amz-Bucket-Region")); e.Region == "" && !slices.Contains(secrets, region) {
		e.Region = region
	}
	e.Hint = hint(e)
	return e
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
	return badCredentials(aws.ParseFault(a.body).Code)
}

// badCredentials reports whether an error's code says that the credentials are what is wrong.
func badCredentials(code string) bool {
	switch code {
	case "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return true
	}
	return false
}

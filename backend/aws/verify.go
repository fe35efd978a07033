package aws

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Verify checks the signature of a request that a server got. secretOf gives the
// secret of an access key, "" if there is no such key. The headers that change what a
// request does must be among the signed ones. Clocks may differ by 15 minutes.
func Verify(req *http.Request, payload []byte, secretOf func(id string) string, scope Scope, now time.Time) error {
	rest, ok := strings.CutPrefix(req.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return errors.New("it is not signed")
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	at, err := time.Parse(stamp, req.Header.Get(dateHeader))
	if err != nil {
		return errors.New("it has no date")
	}
	if now.Sub(at).Abs() > 15*time.Minute {
		return errors.New("its date is too far away")
	}
	hash := HashOf(payload)
	if claimed := req.Header.Get(hashHeader); claimed != hash && scope.Service == "s3" {
		return errors.New("its payload is not the signed one")
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if !slices.IsSorted(names) {
		return errors.New("its signed headers are not sorted")
	}
	for _, need := range []string{"Host", dateHeader, hashHeader, tokenHeader, "If-Match", "If-None-Match"} {
		if (need == "Host" || req.Header.Get(need) != "") && !slices.Contains(names, strings.ToLower(need)) {
			return fmt.Errorf("its header %s is not signed", need)
		}
	}
	id, claimed, _ := strings.Cut(fields["Credential"], "/")
	secret := secretOf(id)
	if secret == "" {
		return errors.New("there is no such access key")
	}
	credential, signature := sign(req, hash, names, secret, scope, at)
	if claimed != credential {
		return fmt.Errorf("it is signed for %s, not for %s", claimed, credential)
	}
	if !hmac.Equal([]byte(signature), []byte(fields["Signature"])) {
		return errors.New("its signature does not fit")
	}
	return nil
}

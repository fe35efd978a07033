// Package location says where a vault's document lies if it is not a local file: the
// URL, and what a client needs to know beside it.
//
// A [Location] opens nothing. backend/network makes a store of it, and
// flask-vault has flask-vault-remote do that, so that it need not link net/http.
// backend/config reads it from flask-vault.yaml. It holds the names of secrets, not
// the secrets; a password is read when it is asked for.
package location

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// schemes is what Schemes lists.
var schemes = []string{"etcd", "etcd+http", "s3", "https", "http"}

// Schemes lists what the URL of a store can begin with, before "://".
func Schemes() []string { return slices.Clone(schemes) }

// MaxCA is the most bytes that are read of a file with the certificates of authorities:
// all of a system's together have a quarter of that.
const MaxCA = 1 << 20

// Location is where a document lies. Paths are absolute.
type Location struct {
	URL string // etcd://host:2379/shop, s3://bucket/shop.yml.enc, https://host/shop.yml.enc

	CA   string // path of the certificates that the server's is signed with; "" for the system's
	Cert string // path of the client's certificate
	Key  string // path of the key of Cert

	User         string
	PasswordEnv  string // variable that holds the password
	PasswordFile string // path of the file that holds it

	Region   string // of s3
	Endpoint string // of s3: the URL of another server than AWS
	Profile  string // of s3: which of the shared credentials

	Timeout time.Duration // for one request; 0 is the store's own
	Poll    time.Duration // how often it is looked at while a program runs, if the store does not tell; 0 for the default

	password *string // behind a pointer, so that no verb of fmt prints it
}

// IsURL reports whether credentials: names a store by a URL, and not a file.
func IsURL(s string) bool { return strings.Contains(s, "://") }

// Scheme is what a URL begins with, before "://".
func Scheme(url string) string {
	scheme, _, _ := strings.Cut(url, "://")
	return scheme
}

// CheckURL refuses a URL that has a password in it, since it stands in files and
// messages, and characters that do not belong into one. What it says is up to
// the store.
func CheckURL(url string) error {
	scheme, rest, ok := strings.Cut(url, "://")
	switch {
	case !ok || rest == "":
		return errors.New("it is not a URL such as etcd://host:2379/shop")
	case !slices.Contains(schemes, scheme):
		return fmt.Errorf("no store is reached by %.20s://; there are etcd://, s3:// and https://", printable(scheme))
	case strings.Contains(rest, " ") && scheme == "https":
		// The document may be on several web servers.
		for _, one := range strings.Fields(url) {
			if Scheme(one) != scheme {
				return errors.New("of several URLs each has to begin with https://")
			}
			if err := CheckURL(one); err != nil {
				return err
			}
		}
		return nil
	case printable(url) != url:
		return errors.New("the URL has characters that do not belong into one")
	}
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 && strings.Contains(authority[:at], ":") {
		return errors.New("a URL in a configuration must not hold a password; store.password_env names the variable that has it")
	}
	return nil
}

// Name is how messages call the document: the URL, but of web servers the first one,
// without its query, which may hold a signature.
func (l Location) Name() string {
	if !strings.HasPrefix(l.URL, "http") {
		return l.URL
	}
	first, _, _ := strings.Cut(l.URL, " ")
	name, _, _ := strings.Cut(first, "?")
	return name
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || r > 0x7f {
			return '?'
		}
		return r
	}, s)
}

// ReadOnly reports whether the store takes no saves at all, as web servers do.
func (l Location) ReadOnly() bool {
	scheme := Scheme(l.URL)
	return scheme == "https" || scheme == "http"
}

// Servers are the locations at each single server, where several have the document:
// the members of an etcd cluster, or web servers. Where it is one, there are none.
func (l Location) Servers() []Location {
	var urls []string
	switch scheme, rest, _ := strings.Cut(l.URL, "://"); scheme {
	case "etcd", "etcd+http":
		authority, key, _ := strings.Cut(rest, "/")
		at := strings.LastIndexByte(authority, '@') + 1
		for host := range strings.SplitSeq(authority[at:], ",") {
			urls = append(urls, scheme+"://"+authority[:at]+host+"/"+key)
		}
	case "https", "http":
		urls = strings.Fields(l.URL)
	}
	if len(urls) < 2 {
		return nil
	}
	all := make([]Location, len(urls))
	for i, url := range urls {
		all[i] = l
		all[i].URL = url
	}
	return all
}

// Tells reports whether the store tells of a change by itself, as etcd does. Others are
// looked at again and again.
func (l Location) Tells() bool { return strings.HasPrefix(Scheme(l.URL), "etcd") }

// ID stands for the document alone: the same for whoever reads it, whatever the
// credentials are. For S3 it has the endpoint that is in force, which
// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL may set: another server has another document.
func (l Location) ID() string {
	at := l.Endpoint
	if Scheme(l.URL) == "s3" && !hasParameter(l.URL, "endpoint") {
		at = cmp.Or(at, os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"))
	}
	if at == "" {
		return l.URL
	}
	return l.URL + " at " + at
}

func hasParameter(url, name string) bool {
	_, query, _ := strings.Cut(url, "?")
	for p := range strings.SplitSeq(query, "&") {
		if strings.HasPrefix(p, name+"=") {
			return true
		}
	}
	return false
}

// HasPassword reports whether there is one to be asked for.
func (l Location) HasPassword() bool {
	return l.password != nil || l.PasswordEnv != "" || l.PasswordFile != ""
}

// WithPassword is the location with a password that is known already.
func (l Location) WithPassword(password string) Location {
	l.password = &password
	return l
}

// Password reads the password. There is none if [Location.HasPassword] is false. Its
// error is a *[PasswordError] and does not quote it.
func (l Location) Password() (string, error) {
	switch {
	case l.password != nil:
		return *l.password, nil
	case l.PasswordEnv != "":
		p := os.Getenv(l.PasswordEnv)
		if p == "" {
			return "", &PasswordError{Variable: l.PasswordEnv, reason: fmt.Errorf("the variable %s, which is to hold the password for %s, is not set", l.PasswordEnv, l.URL)}
		}
		return p, nil
	case l.PasswordFile != "":
		p, err := readPassword(l.PasswordFile)
		if err != nil {
			return "", &PasswordError{File: l.PasswordFile, reason: err}
		}
		return p, nil
	}
	return "", nil
}

// PasswordError says why there is no password where one is to be.
type PasswordError struct {
	Variable string // that is to hold it, or ""
	File     string // path of the file that is to hold it, or ""
	reason   error
}

func (e *PasswordError) Error() string { return e.reason.Error() }

func (e *PasswordError) Unwrap() error { return e.reason }

// maxPassword is the most bytes that are read of a file with a password.
const maxPassword = 4096

func readPassword(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the file with the password: %w", err)
	}
	switch {
	case !info.Mode().IsRegular() || info.Size() > maxPassword:
		return "", fmt.Errorf("%s is not a file of at most %d bytes with a password", path, maxPassword)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("%s: other users can read the password: chmod 600 makes it private", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the file with the password: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s holds no password", path)
	}
	return password, nil
}

// Settings are the settings beside the URL, by their names in flask-vault.yaml, in
// that order, without those that are empty.
func (l Location) Settings() []Setting {
	var set []Setting
	for _, s := range []Setting{
		{"ca", l.CA}, {"cert", l.Cert}, {"key", l.Key}, {"user", l.User},
		{"password_env", l.PasswordEnv}, {"password_file", l.PasswordFile},
		{"region", l.Region}, {"endpoint", l.Endpoint}, {"profile", l.Profile},
	} {
		if s.Value != "" {
			set = append(set, s)
		}
	}
	return set
}

// Setting is a name and its value.
type Setting struct{ Name, Value string }

// Older compares versions where the store counts them, as etcd does: it reports whether
// a is surely older than b.
func (l Location) Older(a, b string) bool {
	if !strings.HasPrefix(Scheme(l.URL), "etcd") || !number(a) || !number(b) {
		return false
	}
	return len(a) < len(b) || len(a) == len(b) && a < b
}

func number(s string) bool {
	return s != "" && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

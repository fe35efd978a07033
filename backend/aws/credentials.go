package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/flask-vault/flask-vault/backend"
)

// ErrNoCredentials is wrapped where none were found, or only of a kind that is
// not supported.
var ErrNoCredentials = fmt.Errorf("%w for AWS", backend.ErrNoCredentials)

// export is what helps with all that is not supported.
const export = `the AWS command line can get them: eval "$(aws configure export-credentials --format env)"`

// Credentials sign requests. Formatting them shows the public id alone.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string    // "" for those of a user
	Expires         time.Time // zero: not known, or never
}

// String is "access key ID" with the id.
func (c Credentials) String() string { return "access key " + c.AccessKeyID }

// GoString is String.
func (c Credentials) GoString() string { return c.String() }

// MarshalText is String, and keeps JSON, YAML and slog from the fields.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Finder finds credentials and keeps them until they end. It is safe for use by
// several goroutines; its fields are set before.
type Finder struct {
	Getenv  func(name string) string // os.Getenv
	Profile string                   // of the configuration files; "": that of AWS_PROFILE, which comes after the environment

	// Own takes the place of the search, if it is not nil. It is called each time.
	Own func(ctx context.Context) (Credentials, error)

	// Region tells the region whose STS exchanges a web identity.
	Region func() (string, error)

	// Do sends the request to STS, for which there is Timeout. Its errors name the host,
	// and not the URL.
	Do      func(*http.Request) (*http.Response, error)
	Timeout time.Duration

	mu      sync.Mutex
	current *Credentials
	turn    chan struct{} // holds one while somebody looks; made by waiting
}

// Get returns credentials that are good for some minutes. Its error wraps
// [ErrNoCredentials], or is one of STS or of the network on the way there.
func (f *Finder) Get(ctx context.Context) (Credentials, error) {
	if f.Own != nil {
		c, err := f.Own(ctx)
		if err == nil && (c.AccessKeyID == "" || c.SecretAccessKey == "") {
			err = ErrNoCredentials
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.current = &c
		return c, err
	}
	turn := f.waiting()
	if c, ok := f.good(); ok {
		return c, nil
	}
	// One looks, and the others wait for what it finds, as long as each of them may.
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return Credentials{}, fmt.Errorf("no credentials for AWS yet: %w", context.Cause(ctx))
	}
	if c, ok := f.good(); ok {
		return c, nil
	}
	c, err := f.find(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		// What is good for a minute yet is better than nothing.
		if old := f.current; old != nil && time.Until(old.Expires) > 0 {
			return *old, nil
		}
		return Credentials{}, err
	}
	f.current = &c
	return c, nil
}

func (f *Finder) waiting() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turn == nil {
		f.turn = make(chan struct{}, 1)
	}
	return f.turn
}

// good are the credentials at hand, if they need not be replaced yet.
func (f *Finder) good() (Credentials, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.current; c != nil && (c.Expires.IsZero() || time.Until(c.Expires) > expiryMargin) {
		return *c, true
	}
	return Credentials{}, false
}

// expiryMargin is how long before they end credentials are replaced.
const expiryMargin = 5 * time.Minute

// Forget drops credentials that a server refused, so that others are looked for.
func (f *Finder) Forget(bad Credentials) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil && *f.current == bad {
		f.current = nil
	}
}

// Last are the credentials that were used last.
func (f *Finder) Last() Credentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return Credentials{}
	}
	return *f.current
}

// find looks for credentials in the environment and in the files.
func (f *Finder) find(ctx context.Context) (Credentials, error) {
	env := f.Getenv
	if f.Profile == "" {
		id, secret := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")
		switch {
		case id != "" && secret != "":
			return usable(Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: env("AWS_SESSION_TOKEN")}, "the environment")
		case id != "" || secret != "":
			return Credentials{}, fmt.Errorf("%w: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one is set and the other is not", ErrNoCredentials)
		}
		if file, role := env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN"); file != "" && role != "" {
			return f.webIdentity(ctx, file, role, env("AWS_ROLE_SESSION_NAME"))
		}
	}
	name := f.profileName()
	profile, err := f.profile(name)
	if err != nil {
		return Credentials{}, err
	}
	return f.fromProfile(ctx, name, profile)
}

func (f *Finder) fromProfile(ctx context.Context, name string, profile map[string]string) (Credentials, error) {
	if id, secret := profile["aws_access_key_id"], profile["aws_secret_access_key"]; id != "" && secret != "" {
		return usable(Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: profile["aws_session_token"]}, "the profile "+name)
	}
	if file, role := profile["web_identity_token_file"], profile["role_arn"]; file != "" && role != "" {
		return f.webIdentity(ctx, file, role, profile["role_session_name"])
	}
	for _, kind := range []struct{ setting, what string }{
		{"sso_session", "SSO"}, {"sso_start_url", "SSO"}, {"login_session", "a login session"},
		{"credential_process", "a program (credential_process)"},
		{"source_profile", "a role by way of another profile (source_profile)"},
		{"credential_source", "a role by way of the machine (credential_source)"},
	} {
		if profile[kind.setting] != "" {
			return Credentials{}, fmt.Errorf("%w: the profile %s has them from %s, which is not supported; %s", ErrNoCredentials, name, kind.what, export)
		}
	}
	env := f.Getenv
	if env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		return Credentials{}, fmt.Errorf("%w: this container has them from its host (AWS_CONTAINER_CREDENTIALS_…), which is not supported; a web identity is, or: %s", ErrNoCredentials, export)
	}
	return Credentials{}, fmt.Errorf("%w: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, and the profile %s in %s and %s were looked at; SSO and the metadata of EC2 are not supported, but %s",
		ErrNoCredentials, name, f.credentialsFile(), f.configFile(), export)
}

// usable refuses what cannot be in a header.
func usable(c Credentials, where string) (Credentials, error) {
	for _, text := range []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken} {
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return Credentials{}, fmt.Errorf("%w: those of %s have a character that none have, such as white space at the end", ErrNoCredentials, where)
		}
	}
	return c, nil
}

func (f *Finder) profileName() string {
	for _, name := range []string{f.Profile, f.Getenv("AWS_PROFILE"), f.Getenv("AWS_DEFAULT_PROFILE")} {
		if name != "" {
			return name
		}
	}
	return "default"
}

// Setting is one that the profile sets, such as "region" or "endpoint_url", "" for none.
func (f *Finder) Setting(name string) string {
	profile, err := f.profile(f.profileName())
	if err != nil {
		return ""
	}
	return profile[name]
}

// profile puts a profile together from both files; the credentials file comes first.
// It is empty if neither has it and nobody asked for it by name.
func (f *Finder) profile(name string) (map[string]string, error) {
	all, found := map[string]string{}, false
	for _, file := range []struct {
		path   string
		config bool
	}{{f.configFile(), true}, {f.credentialsFile(), false}} {
		text, err := readBounded(file.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s cannot be read: %v", ErrNoCredentials, file.path, err) //nolint:errorlint // no system error of a file is to pass for one of the network
		}
		section, ok := sharedProfile(text, name, file.config)
		found = found || ok
		for k, v := range section {
			all[k] = v
		}
	}
	if !found && name != "default" {
		return nil, fmt.Errorf("%w: there is no profile %q in %s or %s", ErrNoCredentials, name, f.credentialsFile(), f.configFile())
	}
	return all, nil
}

func (f *Finder) credentialsFile() string {
	return f.file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
}

func (f *Finder) configFile() string { return f.file("AWS_CONFIG_FILE", "config") }

func (f *Finder) file(variable, name string) string {
	env := f.Getenv
	if path := env(variable); path != "" {
		return path
	}
	home := env("HOME")
	if runtime.GOOS == "windows" {
		home = env("USERPROFILE")
	}
	return filepath.Join(home, ".aws", name)
}

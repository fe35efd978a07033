package s3

import (
	"context"
	"errors"
	"fmt"
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
var ErrNoCredentials = fmt.Errorf("%w for S3", backend.ErrNoCredentials)

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

// provider finds credentials and keeps them until they end.
type provider struct {
	store *Store

	mu      sync.Mutex
	current *Credentials
}

// get returns credentials that are good for some minutes.
func (p *provider) get(ctx context.Context) (Credentials, error) {
	if give := p.store.o.Credentials; give != nil {
		c, err := give(ctx)
		if err == nil && (c.AccessKeyID == "" || c.SecretAccessKey == "") {
			err = ErrNoCredentials
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.current = &c
		return c, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.current; c != nil && (c.Expires.IsZero() || time.Until(c.Expires) > expiryMargin) {
		return *c, nil
	}
	c, err := p.find(ctx)
	if err != nil {
		// What is good for a minute yet is better than nothing.
		if old := p.current; old != nil && time.Until(old.Expires) > 0 {
			return *old, nil
		}
		return Credentials{}, err
	}
	p.current = &c
	return c, nil
}

// expiryMargin is how long before they end credentials are replaced.
const expiryMargin = 5 * time.Minute

// forget drops credentials that a server refused, so that others are looked for.
func (p *provider) forget(bad Credentials) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && *p.current == bad {
		p.current = nil
	}
}

// last are the credentials that were used last.
func (p *provider) last() Credentials {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return Credentials{}
	}
	return *p.current
}

// find looks for credentials in the environment and in the files.
func (p *provider) find(ctx context.Context) (Credentials, error) {
	env := p.store.o.Getenv
	if p.store.o.Profile == "" {
		id, secret := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")
		switch {
		case id != "" && secret != "":
			return usable(Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: env("AWS_SESSION_TOKEN")}, "the environment")
		case id != "" || secret != "":
			return Credentials{}, fmt.Errorf("%w: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY one is set and the other is not", ErrNoCredentials)
		}
		if file, role := env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN"); file != "" && role != "" {
			return p.webIdentity(ctx, file, role, env("AWS_ROLE_SESSION_NAME"))
		}
	}
	name := p.profileName()
	profile, err := p.profile(name)
	if err != nil {
		return Credentials{}, err
	}
	return p.fromProfile(ctx, name, profile)
}

func (p *provider) fromProfile(ctx context.Context, name string, profile map[string]string) (Credentials, error) {
	if id, secret := profile["aws_access_key_id"], profile["aws_secret_access_key"]; id != "" && secret != "" {
		return usable(Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: profile["aws_session_token"]}, "the profile "+name)
	}
	if file, role := profile["web_identity_token_file"], profile["role_arn"]; file != "" && role != "" {
		return p.webIdentity(ctx, file, role, profile["role_session_name"])
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
	env := p.store.o.Getenv
	if env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		return Credentials{}, fmt.Errorf("%w: this container has them from its host (AWS_CONTAINER_CREDENTIALS_…), which is not supported; a web identity is, or: %s", ErrNoCredentials, export)
	}
	return Credentials{}, fmt.Errorf("%w: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, and the profile %s in %s and %s were looked at; SSO and the metadata of EC2 are not supported, but %s",
		ErrNoCredentials, name, p.credentialsFile(), p.configFile(), export)
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

func (p *provider) profileName() string {
	for _, name := range []string{p.store.o.Profile, p.store.o.Getenv("AWS_PROFILE"), p.store.o.Getenv("AWS_DEFAULT_PROFILE")} {
		if name != "" {
			return name
		}
	}
	return "default"
}

// profileRegion is the region that the profile sets, "" for none.
func (p *provider) profileRegion() string {
	profile, err := p.profile(p.profileName())
	if err != nil {
		return ""
	}
	return profile["region"]
}

// profile puts a profile together from both files; the credentials file comes first.
// It is empty if neither has it and nobody asked for it by name.
func (p *provider) profile(name string) (map[string]string, error) {
	all, found := map[string]string{}, false
	for _, f := range []struct {
		path   string
		config bool
	}{{p.configFile(), true}, {p.credentialsFile(), false}} {
		text, err := readBounded(f.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s cannot be read: %v", ErrNoCredentials, f.path, err) //nolint:errorlint // no system error of a file is to pass for one of the network
		}
		section, ok := sharedProfile(text, name, f.config)
		found = found || ok
		for k, v := range section {
			all[k] = v
		}
	}
	if !found && name != "default" {
		return nil, fmt.Errorf("%w: there is no profile %q in %s or %s", ErrNoCredentials, name, p.credentialsFile(), p.configFile())
	}
	return all, nil
}

func (p *provider) credentialsFile() string {
	return p.file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
}

func (p *provider) configFile() string { return p.file("AWS_CONFIG_FILE", "config") }

func (p *provider) file(variable, name string) string {
	env := p.store.o.Getenv
	if path := env(variable); path != "" {
		return path
	}
	home := env("HOME")
	if runtime.GOOS == "windows" {
		home = env("USERPROFILE")
	}
	return filepath.Join(home, ".aws", name)
}

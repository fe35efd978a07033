package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// storeSettings is store: of an environment whose credentials are a URL.
type storeSettings struct {
	location.Location
	timeout, poll string
}

func (s *storeSettings) fields() fields {
	return fields{
		"ca":            text(&s.CA),
		"cert":          text(&s.Cert),
		"key":           text(&s.Key),
		"user":          text(&s.User),
		"password_env":  text(&s.PasswordEnv),
		"password_file": text(&s.PasswordFile),
		"region":        text(&s.Region),
		"endpoint":      text(&s.Endpoint),
		"profile":       text(&s.Profile),
		"timeout":       text(&s.timeout),
		"poll":          text(&s.poll),
	}
}

// resolve is where a URL leads, with paths that begin at root.
func (s storeSettings) resolve(url, root string) (location.Location, error) {
	l := s.Location
	l.URL = url
	if err := location.CheckURL(url); err != nil {
		return l, fmt.Errorf("credentials: %w", err)
	}
	for _, p := range []*string{&l.CA, &l.Cert, &l.Key, &l.PasswordFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(root, filepath.FromSlash(*p))
		}
	}
	if (l.Cert == "") != (l.Key == "") {
		return l, errors.New("store: cert and key belong together, and one of them is missing")
	}
	if l.PasswordEnv != "" && l.PasswordFile != "" {
		return l, errors.New("store: the password comes from password_env or from password_file, not from both")
	}
	for _, d := range []struct {
		name, value string
		set         *time.Duration
	}{{"timeout", s.timeout, &l.Timeout}, {"poll", s.poll, &l.Poll}} {
		if d.value == "" {
			continue
		}
		t, err := time.ParseDuration(d.value)
		if err != nil || t <= 0 {
			return l, fmt.Errorf("store.%s: %q is not a time such as 5s or 1m", d.name, d.value)
		}
		*d.set = t
	}
	return l, nil
}

// Remote reports whether the credentials are not a local file but a store that a URL
// names.
func (c *Config) Remote() bool { return location.IsURL(c.Credentials) }

// Location is where the URL of the credentials leads, with what store: says of it.
// It is the zero value if they are a local file.
func (c *Config) Location() location.Location { return c.location }

// DisplayCredentials is how messages call the document: by its path relative to where the user
// is, or by its URL.
func (c *Config) DisplayCredentials() string {
	if c.Remote() {
		return c.location.Name()
	}
	return c.Display(c.Path())
}

// Format is the format of the credentials, by the extension of the file or of the
// URL's path; YAML for a URL that has none.
func (c *Config) Format() format.Format {
	if !c.Remote() {
		return Formats.ForFile(c.Credentials)
	}
	url, _, _ := strings.Cut(c.Credentials, "?")
	name := path.Base(url)
	if f := Formats.ForFile(name); f.Name() != "raw" || strings.HasSuffix(name, ".enc") {
		return f
	}
	return yaml.Format{}
}

// standIn is the file, relative to Root, beside which everything lies that belongs to a
// vault in a store and is local: previous keys, the local file, drafts. The
// document itself is not in it.
func (c *Config) standIn() string {
	extensions := c.Format().Extensions()
	extension := ".yml"
	if len(extensions) > 0 && c.Format().Name() != "yaml" {
		extension = extensions[0]
	}
	if c.Environment == DefaultEnvironment {
		return "credentials" + extension + ".enc"
	}
	return filepath.Join("credentials", c.Environment+extension+".enc")
}

// DocumentStore is the store of the environment's own document. Nothing is opened yet.
func (c *Config) DocumentStore() (backend.Store, error) {
	if !c.Remote() {
		return c.Store(c.Path()), nil
	}
	if c.overrides.Stores == nil {
		return noStore{c.location.Name(), &Error{Where: cmp.Or(c.File, FileName),
			Msg: "credentials: this program reads local files alone; in a Go program, config.Overrides.Stores is what opens others, such as network.Open"}}, nil
	}
	return c.overrides.Stores(c.location)
}

// noStore is the store of a program that knows files alone. What needs the key and
// not the document works.
type noStore struct {
	name string
	err  error
}

func (s noStore) Name() string { return s.name }

func (s noStore) Load(context.Context, backend.Version) (backend.Snapshot, error) {
	return backend.Snapshot{}, s.err
}

func (s noStore) Save(context.Context, []byte, backend.Version) (backend.Version, error) {
	return "", s.err
}

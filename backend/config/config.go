package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/keysource"
)

// DefaultEnvironment is how the environment without a name is called.
const DefaultEnvironment = "default"

// Overrides are what a caller, such as a command's flags, decides above all
// other layers. The zero value decides nothing.
type Overrides struct {
	Dir             string   // where to look from; the working directory if empty
	Here            bool     // take Dir itself unless a parent has a configuration file: for making a vault
	File            string   // path of the configuration file (FLASK_VAULT_CONFIG)
	Environment     string   // FLASK_VAULT_ENV
	KeySources      []string // FLASK_VAULT_KEYSOURCE, separated by commas; see [Config.Sources]
	InsecureKeyFile bool     // FLASK_VAULT_INSECURE_KEY_FILE: read key files that others can read
}

// Config is a vault's configuration with every layer applied.
type Config struct {
	Root        string // the vault's directory, absolute
	File        string // path of flask-vault.yaml, "" if there is none
	Environment string // "default" or the name
	Credentials string // path of the credentials file, relative to Root
	KeyID       string // id of the key that is recorded, "" if none is
	Insecure    bool   // whether key files that others can read are read

	sources     []sourceSpec
	userSources bool // whether the key sources come from the user, not from the file
	display     string
}

// Resolve finds the vault and puts the layers together. It opens no vault and
// asks no key source. Its errors are *[Error], *[UntrustedError], or from the
// file system.
func Resolve(o Overrides) (*Config, error) {
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p, err := locate(dir, cmp.Or(o.File, os.Getenv("FLASK_VAULT_CONFIG")))
	if err != nil {
		return nil, err
	}
	if o.Here && p.file == "" && p.root != dir {
		p = place{root: dir}
	}
	c := &Config{
		Root:        p.root,
		File:        p.file,
		Environment: cmp.Or(o.Environment, os.Getenv("FLASK_VAULT_ENV"), DefaultEnvironment),
		Credentials: cmp.Or(p.credentials, credentialsNames[0]),
		sources:     []sourceSpec{{Name: "env"}, {Name: "file"}},
	}
	if err := c.applyFile(); err != nil {
		return nil, err
	}
	if err := c.applyUser(o); err != nil {
		return nil, err
	}
	c.display = filepath.Join(c.Root, c.Credentials)
	if rel, err := filepath.Rel(dir, c.display); err == nil {
		c.display = rel
	}
	return c, nil
}

// locate finds the vault from dir, or from the configuration file that the user named.
func locate(dir, file string) (place, error) {
	if file == "" {
		return find(dir)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return place{}, err
	}
	p, err := look(filepath.Dir(file))
	p.root, p.file = filepath.Dir(file), file
	return p, err
}

func (c *Config) applyFile() error {
	f := &fileConfig{}
	if c.File != "" {
		var err error
		if f, err = load(c.File); err != nil {
			return err
		}
	}
	bad := func(err error) error { return &Error{Where: c.File, Msg: err.Error()} }
	layers := []environment{f.environment}
	if c.Environment != DefaultEnvironment {
		env, ok := f.Environments[c.Environment]
		if !ok {
			return c.unknownEnvironment(f)
		}
		// Another environment never shares the default one's file or key id by omission.
		c.Credentials, layers[0].KeyID = filepath.Join("credentials", c.Environment+".yml.enc"), ""
		layers[0].Credentials = ""
		layers = append(layers, env)
	}
	for _, l := range layers {
		c.Credentials = cmp.Or(l.Credentials, c.Credentials)
		c.KeyID = cmp.Or(l.KeyID, c.KeyID)
		if len(l.KeySource) > 0 {
			var err error
			if c.sources, err = parseSources(l.KeySource); err != nil {
				return bad(err)
			}
		}
	}
	if err := localPath(c.Credentials); err != nil {
		return bad(err)
	}
	return nil
}

func (c *Config) unknownEnvironment(f *fileConfig) error {
	names := append(slices.Sorted(maps.Keys(f.Environments)), DefaultEnvironment)
	msg := fmt.Sprintf("there is no environment %q", c.Environment)
	if near := Nearest(c.Environment, names); near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	} else {
		msg += fmt.Sprintf(" (there are: %s)", strings.Join(names, ", "))
	}
	return &Error{Where: cmp.Or(c.File, FileName), Msg: msg}
}

func (c *Config) applyUser(o Overrides) error {
	names, where := o.KeySources, "--keysource"
	if v := os.Getenv("FLASK_VAULT_KEYSOURCE"); len(names) == 0 && v != "" {
		names, where = strings.Split(v, ","), "FLASK_VAULT_KEYSOURCE"
	}
	if len(names) > 0 {
		specs, err := c.userSpecs(names)
		if err != nil {
			return &Error{Where: where, Msg: err.Error()}
		}
		c.sources, c.userSources = specs, true
	}
	switch v := os.Getenv("FLASK_VAULT_INSECURE_KEY_FILE"); v {
	case "", "0", "false":
		c.Insecure = o.InsecureKeyFile
	case "1", "true":
		c.Insecure = true
	default:
		return &Error{Where: "FLASK_VAULT_INSECURE_KEY_FILE", Msg: "it is neither 1 nor 0"}
	}
	return nil
}

// userSpecs understands "env", "env:NAME", "file:PATH" and the name of any
// other source. A name alone keeps the settings that the configuration has for it.
func (c *Config) userSpecs(names []string) ([]sourceSpec, error) {
	specs := make([]sourceSpec, 0, len(names))
	for _, n := range names {
		name, arg, hasArg := strings.Cut(strings.TrimSpace(n), ":")
		spec, err := namedSource(name, nil)
		if err != nil {
			return nil, err
		}
		switch setting := map[string]string{"env": "name", "file": "path"}[name]; {
		case hasArg && setting == "":
			return nil, fmt.Errorf("only env and file take an argument after a colon, %s does not", name)
		case hasArg:
			spec.Settings[setting] = arg
		default:
			if i := slices.IndexFunc(c.sources, func(s sourceSpec) bool { return s.Name == name }); i >= 0 {
				spec = c.sources[i]
			}
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// Sources makes the chain of key sources.
func (c *Config) Sources() (keysource.Chain, error) {
	reg := c.keySources()
	chain := make(keysource.Chain, 0, len(c.sources))
	for _, spec := range c.sources {
		s, err := reg.New(spec.Name, spec.Settings)
		if err != nil {
			return nil, err
		}
		chain = append(chain, s)
	}
	return chain, nil
}

// Path is the credentials file's path.
func (c *Config) Path() string { return filepath.Join(c.Root, c.Credentials) }

// Options are what backend.Open and backend.Init need for this vault.
func (c *Config) Options() (backend.Options, error) {
	keys, err := c.Sources()
	if err != nil {
		return backend.Options{}, err
	}
	f := Formats.ForFile(c.Credentials)
	if f == nil {
		return backend.Options{}, errors.New("no format is known")
	}
	return backend.Options{Store: storefile.NewStore(c.Path(), c.display), Keys: keys, Format: f, KeyID: c.KeyID}, nil
}

// Open opens the vault that [Resolve] finds.
func Open(ctx context.Context, o Overrides) (*backend.Vault, error) {
	c, err := Resolve(o)
	if err != nil {
		return nil, err
	}
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	return backend.Open(ctx, opts)
}

package config

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	storefile "github.com/flask-vault/flask-vault/backend/file"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
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
	NewEnvironment  bool     // Environment need not exist yet: for making one
	KeySources      []string // FLASK_VAULT_KEYSOURCE, separated by commas; see [Config.Sources]
	InsecureKeyFile bool     // FLASK_VAULT_INSECURE_KEY_FILE: read key files that others can read or change, or that are theirs

	Plugins external.Options // how plugins reach the person; times that are 0 come from the configuration

	// Stores makes the store of credentials that are a URL. It opens nothing. nil
	// refuses those. A program that trusts its own flask-vault.yaml takes
	// backend/network.Open, which links net/http.
	Stores func(location.Location) (backend.Store, error)
}

// Config is a vault's configuration with every layer applied.
type Config struct {
	Root         string   // the vault's directory, absolute
	File         string   // path of flask-vault.yaml, "" if there is none
	Environment  string   // "default" or the name
	Environments []string // all there are, the default one first
	Credentials  string   // path of the credentials file, relative to Root, or URL of a store
	KeyID        string   // id of the key that is recorded, "" if none is
	Base         string   // the environment whose values this one overrides, "" if none
	Required     []string // the values that check wants in every environment
	NotSecret    []string // the names whose values leaks does not look for; each stands for all below it
	Files        []string // patterns of further encrypted files that rekey moves, relative to Root
	Insecure     bool     // whether key files that others can read or change are read

	// TrustedOwners are the ids of users, besides this one and root, whose vault is
	// opened (FLASK_VAULT_TRUSTED_OWNERS).
	TrustedOwners []int

	// Origin says where each setting comes from, by the setting's name in
	// flask-vault.yaml: "default", the file, a variable or a flag.
	Origin map[string]string

	location  location.Location
	overrides Overrides
	isNew     bool         // the environment is not in the file yet
	sources   []sourceSpec // as the file has them
	user      []sourceSpec // as the user wants them instead, if not nil
	from      string
}

// Resolve finds the vault and puts the layers together. It opens no vault and
// asks no key source. Its errors are *[Error], *[UntrustedError], or from the
// file system.
func Resolve(o Overrides) (*Config, error) {
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return nil, fmt.Errorf("the working directory cannot be found, cd to another one: %w", err)
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
	c := &Config{Root: p.root, File: p.file, Origin: map[string]string{}, overrides: o, from: dir}
	if c.TrustedOwners, err = trustedOwners(); err != nil {
		return nil, err
	}
	c.Origin["trusted_owners"] = trustedVariable
	// Credentials are authenticated by the key, so their owner does not matter; what
	// leads to a key, and where one is made, does. keysource/file looks at the key's owner.
	if c.File != "" {
		err = c.checkOwner(c.File)
	} else if o.Here {
		err = c.checkOwner(c.Root)
	}
	if err != nil {
		return nil, err
	}
	c.setString("environment", &c.Environment, "default", DefaultEnvironment)
	c.setString("environment", &c.Environment, "FLASK_VAULT_ENV", os.Getenv("FLASK_VAULT_ENV"))
	c.setString("environment", &c.Environment, "--env", o.Environment)
	c.setString("credentials", &c.Credentials, "default", cmp.Or(p.credentials, credentialsNames[0]))
	c.sources, c.Origin["keysource"] = []sourceSpec{{Name: "env"}, {Name: "file"}}, "default"
	if err := c.applyFile(); err != nil {
		return nil, err
	}
	return c, c.applyUser(o)
}

// setString sets a setting unless value is empty, and notes where it comes from.
func (c *Config) setString(name string, setting *string, origin, value string) {
	if value != "" {
		*setting, c.Origin[name] = value, origin
	}
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
	p.root, p.file, p.found = filepath.Dir(file), file, true
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
	if err := c.applyPlugins(f.Plugins); err != nil {
		return err
	}
	c.Environments = append([]string{DefaultEnvironment}, slices.Sorted(maps.Keys(f.Environments))...)
	if err := c.checkBases(f); err != nil {
		return &Error{Where: c.File, Msg: err.Error()}
	}
	layers := []environment{f.environment}
	if c.Environment != DefaultEnvironment {
		env, ok := f.Environments[c.Environment]
		if !ok {
			if !c.overrides.NewEnvironment {
				return c.unknownEnvironment()
			}
			if !validName(c.Environment) {
				return &Error{Where: c.Origin["environment"], Msg: fmt.Sprintf("the environment name %q is not made of a-z, 0-9 and -", c.Environment)}
			}
			env, c.isNew = newEnvironment(c.Environment), true
		}
		c.Credentials = filepath.Join("credentials", c.Environment+".yml.enc")
		// Another environment never has the default one's files or key by omission.
		layers[0] = environment{KeySource: f.KeySource, Required: f.Required, NotSecret: f.NotSecret}
		layers = append(layers, env)
	}
	for _, l := range layers {
		if err := c.applyEnvironment(l); err != nil {
			return &Error{Where: cmp.Or(c.File, FileName), Msg: err.Error()}
		}
	}
	return nil
}

// maxPluginTime is the most that flask-vault.yaml may let a plugin take: whoever made
// a clone must not make commands hang.
const maxPluginTime = 2 * time.Minute

// applyPlugins takes the times that plugins have.
func (c *Config) applyPlugins(p pluginTimes) error {
	for _, t := range []struct {
		name, value, variable string
		set                   *time.Duration
	}{
		{"start_timeout", p.StartTimeout, "FLASK_VAULT_PLUGIN_START_TIMEOUT", &c.overrides.Plugins.StartTimeout},
		{"call_timeout", p.CallTimeout, "FLASK_VAULT_PLUGIN_CALL_TIMEOUT", &c.overrides.Plugins.CallTimeout},
	} {
		value, where, most := t.value, c.File+": plugins: "+t.name, maxPluginTime
		if v := os.Getenv(t.variable); v != "" {
			value, where, most = v, t.variable, math.MaxInt64
		}
		if *t.set != 0 || value == "" {
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return &Error{Where: where, Msg: fmt.Sprintf("%q is not a time such as 10s or 1m", value)}
		}
		if d > most {
			return &Error{Where: where, Msg: fmt.Sprintf("%q is more than the 2 minutes that a configuration may ask for; %s may say more", value, t.variable)}
		}
		*t.set = d
	}
	return nil
}

func (c *Config) applyEnvironment(e environment) error {
	file := filepath.Base(c.File)
	credentials := e.Credentials
	if !location.IsURL(credentials) {
		credentials = filepath.FromSlash(credentials)
	}
	c.setString("credentials", &c.Credentials, file, credentials)
	// Whatever else stands there may be the key itself, which no message shows.
	if e.KeyID != "" && !isKeyID(strings.ToLower(e.KeyID)) {
		return errors.New("key_id: it is not the id of a key, which has 8 characters of 0-9 and a-f, as \"flask-vault key id\" prints it")
	}
	c.setString("key_id", &c.KeyID, file, strings.ToLower(e.KeyID))
	c.setString("base", &c.Base, file, e.Base)
	if len(e.Required) > 0 {
		c.Required, c.Origin["required"] = e.Required, file
	}
	if len(e.NotSecret) > 0 {
		c.NotSecret, c.Origin["not_secret"] = e.NotSecret, file
	}
	if len(e.Files) > 0 {
		c.Files, c.Origin["files"] = e.Files, file
	}
	if len(e.KeySource) > 0 {
		specs, err := parseSources(e.KeySource)
		if err != nil {
			return err
		}
		c.sources, c.Origin["keysource"] = specs, file
	}
	paths := c.Files
	if c.Remote() {
		var err error
		if c.location, err = e.Store.resolve(c.Credentials, c.Root); err != nil {
			return err
		}
		paths = append([]string{c.standIn()}, paths...)
	} else {
		paths = append([]string{c.Credentials}, paths...)
		if e.Store != (storeSettings{}) {
			return fmt.Errorf("store: it says how credentials are reached that are a URL, and %s is a file", c.Credentials)
		}
	}
	for _, path := range paths {
		if err := c.inside(path); err != nil {
			return err
		}
	}
	return nil
}

func isKeyID(s string) bool {
	return len(s) == 8 && strings.Trim(s, "0123456789abcdef") == ""
}

// checkBases refuses a base that is not there and one that leads back to itself,
// in whichever environment it stands: it is wrong whatever is asked for now.
func (c *Config) checkBases(f *fileConfig) error {
	base := func(name string) string {
		if name == DefaultEnvironment {
			return f.Base
		}
		return f.Environments[name].Base
	}
	for _, name := range c.Environments {
		b := base(name)
		if b != "" && !slices.Contains(c.Environments, b) {
			err := fmt.Errorf("environment %s: base: there is no environment %q", name, b)
			if near := Nearest(b, c.Environments); near != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return err
		}
	}
	for _, name := range c.Environments {
		for at, steps := base(name), 0; at != "" && steps <= len(c.Environments); at, steps = base(at), steps+1 {
			if at == name {
				return fmt.Errorf("base: the environment %q is based on itself", name)
			}
		}
	}
	return nil
}

func (c *Config) unknownEnvironment() error {
	e := &Error{Where: cmp.Or(c.File, FileName), Msg: fmt.Sprintf("there is no environment %q", c.Environment)}
	if near := Nearest(c.Environment, c.Environments); near != "" {
		e.Msg += fmt.Sprintf("; did you mean %q?", near)
	} else {
		e.Msg += fmt.Sprintf(" (there are: %s)", strings.Join(c.Environments, ", "))
		e.Environment = c.Environment
	}
	return e
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
		c.user, c.Origin["keysource"] = specs, where
	}
	c.Origin["insecure_key_file"] = "default"
	switch v := os.Getenv("FLASK_VAULT_INSECURE_KEY_FILE"); v {
	case "", "0", "false":
	case "1", "true":
		c.Insecure, c.Origin["insecure_key_file"] = true, "FLASK_VAULT_INSECURE_KEY_FILE"
	default:
		return &Error{Where: "FLASK_VAULT_INSECURE_KEY_FILE", Msg: "it is neither 1 nor 0"}
	}
	if o.InsecureKeyFile {
		c.Insecure, c.Origin["insecure_key_file"] = true, "--insecure-key-file"
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
			spec.Settings[setting], spec.byUser = arg, true
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
	specs := c.sources
	if c.user != nil {
		specs = c.user
	}
	chain := make(keysource.Chain, 0, len(specs))
	for _, spec := range specs {
		s, err := c.newSource(spec)
		var plugin *external.Error
		if err != nil && !errors.As(err, &plugin) {
			where := c.Origin["keysource"]
			if c.File != "" && c.user == nil {
				where = c.File
			}
			return nil, &Error{Where: where, Msg: err.Error()}
		}
		if err != nil {
			return nil, err
		}
		chain = append(chain, s)
	}
	return chain, nil
}

// SourceSettings are the settings that the configuration has for the key source
// of that name, and whether it is among the environment's key sources.
func (c *Config) SourceSettings(name string) (keysource.Settings, bool) {
	specs := c.sources
	if c.user != nil {
		specs = c.user
	}
	for _, s := range specs {
		if s.Name == name {
			return maps.Clone(s.Settings), true
		}
	}
	return nil, false
}

// Source makes the key source that a user names as for --keysource.
func (c *Config) Source(name string) (keysource.Source, error) {
	specs, err := c.userSpecs([]string{name})
	if err != nil {
		return nil, err
	}
	return c.newSource(specs[0])
}

// KeyFiles are the paths of the key files among the environment's key sources, those
// of the configuration and those that the user named in their place.
func (c *Config) KeyFiles() []string {
	var paths []string
	for _, s := range slices.Concat(c.sources, c.user) {
		if s.Name != "file" {
			continue
		}
		path := cmp.Or(s.Settings["path"], KeyFile)
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.Root, path)
		}
		paths = append(paths, path)
	}
	return paths
}

// In is the same configuration for another of its environments.
func (c *Config) In(environment string) (*Config, error) {
	o := c.overrides
	o.Dir, o.Environment, o.NewEnvironment = c.from, environment, false
	return Resolve(o)
}

// Path is the credentials file's path. If the credentials are not a file
// ([Config.Remote]) it is the path beside which their local companions lie, and no
// document is there.
func (c *Config) Path() string {
	if c.Remote() {
		return filepath.Join(c.Root, c.standIn())
	}
	return filepath.Join(c.Root, c.Credentials)
}

// PreviousPath is the path of the file that keeps the keys of before the last
// rekeys: for credentials.yml.enc it is credentials.previous.enc.
func (c *Config) PreviousPath() string { return beside(c.Path(), "previous") + ".enc" }

// LocalPath is the path of the encrypted file whose values override those of
// the environment on this machine alone: for credentials.yml.enc it is
// credentials.local.yml.enc.
func (c *Config) LocalPath() string {
	return beside(c.Path(), "local") + filepath.Ext(strings.TrimSuffix(c.Path(), ".enc")) + ".enc"
}

// beside puts a word in the place of a credentials file's two extensions.
func beside(path, word string) string {
	path = strings.TrimSuffix(path, ".enc")
	return strings.TrimSuffix(path, filepath.Ext(path)) + "." + word
}

// Display is how messages call a path: relative to where the user is.
func (c *Config) Display(path string) string {
	if rel, err := filepath.Rel(c.from, path); err == nil {
		return rel
	}
	return path
}

// Store is the store of the credentials file at path.
func (c *Config) Store(path string) *storefile.Store {
	return storefile.NewStore(path, c.Display(path))
}

// Options are what backend.Open and backend.Init need for this environment.
func (c *Config) Options() (backend.Options, error) {
	keys, err := c.Sources()
	if err != nil {
		return backend.Options{}, err
	}
	store, err := c.DocumentStore()
	if err != nil {
		return backend.Options{}, err
	}
	return backend.Options{
		Store:    store,
		Keys:     keys,
		Format:   c.Format(),
		KeyID:    c.KeyID,
		Previous: c.PreviousPath(),
		Config:   c.File,
		Renew: func(context.Context) (backend.Options, error) {
			now, err := c.In(c.Environment)
			if err != nil {
				return backend.Options{}, err
			}
			return now.Options()
		},
	}, nil
}

// Open opens the vault that [Resolve] finds, without what it is based on.
func Open(ctx context.Context, o Overrides) (*backend.Vault, error) {
	c, err := Resolve(o)
	if err != nil {
		return nil, err
	}
	return c.Open(ctx)
}

// Open opens the environment's own vault, after it has finished or undone a
// rekey that was interrupted.
func (c *Config) Open(ctx context.Context) (*backend.Vault, error) {
	if _, err := c.Recover(ctx); err != nil {
		return nil, err
	}
	o, err := c.Options()
	if err != nil {
		return nil, err
	}
	return backend.Open(ctx, o)
}

// OpenLayers opens the environment as it is read: its local file if there is
// one, the environment, its base, and so on.
func (c *Config) OpenLayers(ctx context.Context) (backend.Layers, error) {
	var layers backend.Layers
	for at := c; ; {
		v, err := at.Open(ctx)
		if err != nil && at != c {
			err = fmt.Errorf("environment %s, on which %s is based: %w", at.Environment, c.Environment, err)
		}
		if err != nil {
			return nil, err
		}
		if exists(at.LocalPath()) {
			o, err := at.Options()
			if err != nil {
				return nil, err
			}
			o.Store = at.Store(at.LocalPath())
			local, err := backend.Open(ctx, o)
			if err != nil {
				return nil, err
			}
			layers = append(layers, local)
		}
		layers = append(layers, v)
		if at.Base == "" {
			return layers, nil
		}
		if at, err = at.In(at.Base); err != nil {
			return nil, err
		}
	}
}

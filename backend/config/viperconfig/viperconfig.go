// Package viperconfig is for programs whose configuration is in viper
// (github.com/spf13/viper). With [Overrides] their flags, files and variables
// select the vault's environment and key sources; with [Merge] they read its
// secrets like any other setting:
//
//	c, err := config.Resolve(viperconfig.Overrides(v))
//	...
//	layers, err := c.OpenLayers(ctx)
//	...
//	err = viperconfig.Merge(v, layers)
//	...
//	v.GetString("db.password")
//
// It is a package of its own so that what does without viper does not link it:
// viper's packages cost every start of a program a third of what an empty one does.
package viperconfig

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/viper"
	yaml "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/format"
)

// Overrides takes from v what it says below flask_vault. Each setting goes above
// the FLASK_VAULT_ variable and the field of flask-vault.yaml of the same meaning:
//
//	flask_vault:
//	  environment: production   # as --env
//	  keysource: [env, file]    # as --keysource; also a text with commas
//	  config: flask-vault.yaml  # as --config
//	  insecure_key_file: false  # as --insecure-key-file
func Overrides(v *viper.Viper) config.Overrides {
	at := func(name string) string { return "flask_vault." + name }
	o := config.Overrides{
		Environment:     v.GetString(at("environment")),
		File:            v.GetString(at("config")),
		InsecureKeyFile: v.GetBool(at("insecure_key_file")),
	}
	for _, name := range v.GetStringSlice(at("keysource")) {
		for part := range strings.SplitSeq(name, ",") {
			if part = strings.TrimSpace(part); part != "" {
				o.KeySources = append(o.KeySources, part)
			}
		}
	}
	return o
}

// Merge sets every value of the layers in v, as a file that viper has read: what
// the program sets, its flags and its variables go above them, defaults below.
// A name such as db.password is the path db, password. Booleans are booleans, yes
// and off included; all other scalars are texts, which viper's getters convert, and
// lists are lists of these. [backend.Vault.Decode] is stricter: viper's GetInt
// takes 0123 for octal, and gives 0 for what is no number.
//
// viper's names have no capitals, so two names that differ in capitals alone are an
// error, as is a name within another's value, or one where viper has a mapping of its
// own, which would stay; then nothing is merged. A value that something above hides
// whole, such as Set("db", …) one at db.password, is an error after the merge. The secrets
// live in v from then on: its AllSettings and Debug show them.
func Merge(v *viper.Viper, layers backend.Layers) error {
	names, err := layers.Names()
	if err != nil {
		return err
	}
	all := map[string]any{}
	var merged []string
	for _, name := range names {
		secret, err := layers.Get(name)
		if errors.Is(err, format.ErrNotFound) {
			continue // a null
		}
		if err != nil {
			return err
		}
		merged = append(merged, name)
		value, err := plain(name, secret)
		if err != nil {
			return err
		}
		if err := put(all, name, value); err != nil {
			return err
		}
	}
	for _, name := range merged {
		switch reflect.ValueOf(v.Get(name)).Kind() {
		case reflect.Map:
			return fmt.Errorf("%s: viper has a mapping there already, from the program's own configuration", name)
		}
	}
	if err := v.MergeConfigMap(all); err != nil {
		return err
	}
	for _, name := range merged {
		if v.Get(name) == nil {
			return fmt.Errorf("%s: another setting of viper hides it", name)
		}
	}
	return nil
}

// plain is a value as viper holds it.
func plain(name string, secret backend.Secret) (any, error) {
	switch secret.Kind() {
	case format.Bool:
		switch strings.ToLower(secret.Reveal()) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
		return secret.Reveal(), nil
	case format.Sequence:
	default:
		return secret.Reveal(), nil
	}
	var list []any
	for i, item := range secret.Items() {
		if item.Kind() == format.Null {
			return nil, fmt.Errorf("%s: item %d of its list is null", name, i+1)
		}
		value, err := plain(name, item)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if list != nil {
		return list, nil
	}
	// It is empty, or holds lists and mappings.
	if err := yaml.Unmarshal([]byte(secret.Reveal()), &list); err != nil {
		return nil, fmt.Errorf("%s: its list has values that viper cannot hold", name)
	}
	return list, nil
}

func put(in map[string]any, name string, value any) error {
	steps := strings.Split(strings.ToLower(name), ".")
	for i, step := range steps {
		there, taken := in[step]
		if i == len(steps)-1 {
			if taken {
				return fmt.Errorf("%s: in viper another name of the vault is the same", name)
			}
			in[step] = value
			return nil
		}
		if !taken {
			there = map[string]any{}
			in[step] = there
		}
		next, ok := there.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: in viper it would stand within another value, %s", name, strings.Join(steps[:i+1], "."))
		}
		in = next
	}
	return nil
}

package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The ways in which a plugin can be spoken to.
const (
	GoPlugin = "go-plugin" // hashicorp/go-plugin over gRPC, through flask-vault-pluginhost
	OneShot  = "one-shot"  // one JSON request on standard input, one reply on standard output
)

// Contract is the version of the key source contract that this program speaks.
const Contract = 1

// Description is what a plugin says about itself.
type Description struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Protocol    string   `json:"protocol,omitempty"`    // OneShot when empty
	Contract    int      `json:"contract,omitempty"`    // Contract when 0
	Operations  []string `json:"operations"`            // "load", and perhaps "save" and "delete"
	Settings    []string `json:"settings,omitempty"`    // the names it knows
	Environment []string `json:"environment,omitempty"` // the variables it needs from the user's environment
}

// Record is what the store knows of an installed plugin.
type Record struct {
	Description
	File      string    `json:"file"`   // name of the executable in the store's directory
	SHA256    string    `json:"sha256"` // of the executable, in hex
	Installed time.Time `json:"installed"`
}

// Can reports whether the plugin has that operation.
func (d Description) Can(operation string) bool { return slices.Contains(d.Operations, operation) }

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// shape is what a kind of name may look like. (A regular expression would cost
// every program that links this package its compilation at the start.)
type shape struct {
	first, rest string // the characters that may come first and later
	most        int    // bytes
}

var (
	nameShape     = shape{lower + digits, lower + digits + "-", 63}
	settingShape  = shape{lower + digits, lower + digits + "_-", 63}
	variableShape = shape{lower + upper + "_", lower + upper + digits + "_", 128}
	versionShape  = shape{lower + upper + digits, lower + upper + digits + ".+-", 64}
)

func (p shape) fits(s string) bool {
	return s != "" && len(s) <= p.most && strings.Contains(p.first, s[:1]) && strings.Trim(s, p.rest) == ""
}

// CheckName returns an *[Error] unless name is one that a plugin can have: 1 to
// 63 lower-case letters, digits and hyphens, not a hyphen first.
func CheckName(name string) error {
	if nameShape.fits(name) {
		return nil
	}
	return &Error{Kind: BadName, Message: fmt.Sprintf(
		"%.80q is not the name of a plugin (lower-case letters, digits and hyphens, at most 63)", name),
		Command: "flask-vault plugin list"}
}

// Check returns an error unless d is a description that this program can use.
// Defaults are filled in.
func (d *Description) Check() error {
	if d.Protocol == "" {
		d.Protocol = OneShot
	}
	if d.Contract == 0 {
		d.Contract = Contract
	}
	switch {
	case !nameShape.fits(d.Name):
		return fmt.Errorf("it calls itself %.80q, which is not a name of lower-case letters, digits and hyphens", d.Name)
	case !versionShape.fits(d.Version):
		return fmt.Errorf("its version %.80q is not made of letters, digits, dots, plus signs and hyphens", d.Version)
	case d.Protocol != GoPlugin && d.Protocol != OneShot:
		return fmt.Errorf("it speaks the protocol %.80q, known are %s and %s", d.Protocol, GoPlugin, OneShot)
	case d.Contract != Contract:
		return fmt.Errorf("it speaks version %d of the key source contract, this program speaks %d", d.Contract, Contract)
	case !d.Can("load"):
		return errors.New(`it has no operation "load"`)
	case len(d.Operations) > 16 || len(d.Settings) > 64 || len(d.Environment) > 64:
		return errors.New("it names too many operations, settings or variables")
	}
	for _, s := range d.Settings {
		if !settingShape.fits(s) {
			return fmt.Errorf("its setting %.80q is not made of lower-case letters, digits, hyphens and underscores", s)
		}
	}
	for _, v := range d.Environment {
		if !variableShape.fits(v) {
			return fmt.Errorf("it asks for %.80q, which is not the name of a variable", v)
		}
		if u := strings.ToUpper(v); strings.HasPrefix(u, "FLASK_VAULT_") || strings.HasPrefix(u, "PLUGIN_") {
			return fmt.Errorf("it asks for the variable %s, which no plugin gets", v)
		}
	}
	return nil
}

func parseRecord(name string, text []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, errors.New("it is not JSON of a record")
	}
	if err := r.Check(); err != nil {
		return Record{}, err
	}
	if len(r.SHA256) != 64 || r.File != fileName(name, r.SHA256) {
		return Record{}, errors.New("its file and its SHA-256 do not fit its name")
	}
	r.Name = name
	return r, nil
}

package plugins

import (
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// Info is what a plugin says about itself when it is installed.
type Info struct {
	Name    string // lower-case letters, digits and hyphens, such as "shop"
	Version string // such as "1.0.0"

	Saves   bool // the source is a keysource.Saver
	Deletes bool // the source is a keysource.Deleter

	// Settings are the names of the settings that it knows. The host refuses
	// all others.
	Settings []string

	// Environment names the variables that it needs. Of the user's environment
	// a plugin gets these and no others, and the user sees them at installation.
	Environment []string
}

func (i Info) description() trust.Description {
	d := trust.Description{
		Name: i.Name, Version: i.Version, Protocol: trust.GoPlugin, Contract: trust.Contract,
		Operations: []string{external.OpLoad}, Settings: i.Settings, Environment: i.Environment,
	}
	if i.Saves {
		d.Operations = append(d.Operations, external.OpSave)
	}
	if i.Deletes {
		d.Operations = append(d.Operations, external.OpDelete)
	}
	return d
}

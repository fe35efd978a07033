package host

import (
	"context"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// New makes a source of the plugin of that name, as external.New does, but
// reaches a go-plugin plugin directly. o.Host is not used. Its error and those
// of the source are *[external.Error].
func New(name string, s keysource.Settings, o external.Options) (keysource.Source, error) {
	o.Call = Call
	return external.New(name, s, o)
}

// Factory returns the factory of the plugin of that name, for a
// [keysource.Registry].
func Factory(name string, o external.Options) keysource.Factory {
	o.Call = Call
	return external.Factory(name, o)
}

// Call starts a plugin, makes one call, kills it, and returns its reply. Its
// error is an *[external.Error] or a *[trust.Error].
func Call(ctx context.Context, r external.Request, o external.Options) (external.Reply, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return external.Reply{}, err
	}
	record, err := o.Store.Get(r.Plugin)
	if err != nil {
		return external.Reply{}, err
	}
	if record.Protocol == trust.OneShot {
		return external.Run(ctx, r, o)
	}
	var program *launch.Program
	if r.Checked {
		program, err = launch.Received()
	} else {
		record, program, err = o.Store.Program(r.Plugin)
	}
	if err != nil {
		return external.Reply{}, err
	}
	defer program.Close()
	s, err := newSession(r.Plugin, record, program, o)
	if err != nil {
		return external.Reply{}, err
	}
	defer s.close()
	api, err := s.start(ctx)
	if err != nil {
		return external.Reply{}, err
	}
	return s.call(ctx, api, r)
}

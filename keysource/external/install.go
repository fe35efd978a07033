package external

import (
	"context"
	"fmt"

	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// DescribeFlag is the argument that a plugin gets with a describe request, and
// with no other. A go-plugin plugin answers it on standard output.
const DescribeFlag = "--flask-vault-describe"

// Install copies the executable at path into the store and makes it the plugin
// of that name, or of the name that it calls itself if name is "". It runs the
// executable to ask it what it is. An earlier plugin of that name stays in use
// until the new one is complete. Its error is an *[Error] or a *[trust.Error].
func Install(ctx context.Context, path, name string, o Options) (trust.Record, error) {
	if name != "" {
		if err := trust.CheckName(name); err != nil {
			return trust.Record{}, err
		}
	}
	o, err := o.WithDefaults()
	if err != nil {
		return trust.Record{}, err
	}
	staged, err := o.Store.Stage(path)
	if err != nil {
		return trust.Record{}, err
	}
	defer staged.Discard()
	d, err := describe(ctx, staged, o)
	if err != nil {
		return trust.Record{}, &trust.Error{Kind: trust.Refused, Message: fmt.Sprintf("%s cannot be installed: %v", path, err), Err: err}
	}
	if err := d.Check(); err != nil {
		return trust.Record{}, &trust.Error{Kind: trust.Refused, Message: fmt.Sprintf("%s cannot be installed: %v", path, err), Err: err}
	}
	if name == "" {
		name = d.Name
	}
	return staged.Commit(name, d)
}

// describe asks a staged executable what it is: in the one-shot protocol, which
// our SDK answers too, and then over go-plugin, which is all that a plugin built
// on go-plugin itself knows.
func describe(ctx context.Context, staged *trust.Staged, o Options) (trust.Description, error) {
	d, first := describeOneShot(ctx, staged, o)
	if first == nil || ctx.Err() != nil {
		return d, first
	}
	if err := staged.Describe(trust.GoPlugin); err != nil {
		return trust.Description{}, err
	}
	o.Store = staged.Store()
	reply, err := o.Call(ctx, Request{Op: OpDescribe, Contract: trust.Contract, Plugin: staged.Name()}, o)
	if err == nil {
		err = reply.check(OpDescribe)
	}
	if err == nil && reply.Error != nil {
		err = &Error{Code: reply.Error.Code, Message: reply.Error.Message}
	}
	if err != nil {
		return trust.Description{}, fmt.Errorf("asked what it is (%s), %v; asked over go-plugin, %v", OpDescribe, plain(first), plain(err))
	}
	return *reply.Description, nil
}

func describeOneShot(ctx context.Context, staged *trust.Staged, o Options) (trust.Description, error) {
	if err := staged.Describe(trust.OneShot); err != nil {
		return trust.Description{}, err
	}
	_, program, err := staged.Store().Program(staged.Name())
	if err != nil {
		return trust.Description{}, err
	}
	defer program.Close()
	// What it writes on standard error is not shown: a go-plugin plugin says
	// there that it is one.
	reply, err := oneShot(ctx, program, OpDescribe, Request{Op: OpDescribe, Contract: trust.Contract}.Line,
		launch.Options{Name: staged.Name(), Args: []string{DescribeFlag}, Env: launch.Environment(nil)},
		o.StartTimeout, launch.NewWords(func(string) {}))
	switch {
	case err != nil:
		return trust.Description{}, err
	case reply.Error != nil:
		return trust.Description{}, &Error{Code: Failed, Message: "it says: " + reply.Error.Message}
	case reply.Description == nil:
		return trust.Description{}, &Error{Code: BadReply, Message: "it asks a question"}
	}
	return *reply.Description, nil
}

// plain is an error without the name of the staging area.
func plain(err error) string {
	if e, ok := err.(*Error); ok { //nolint:errorlint // a wrapped one says more in whole
		return e.Message
	}
	return err.Error()
}

package external

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins/launch"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// Options are what a program decides about its plugins. The zero value is
// right for a program without a terminal.
type Options struct {
	// Store holds the plugins; nil is [trust.Default].
	Store *trust.Store

	// Host is the path of flask-vault-pluginhost. "" looks for it beside the
	// executable of this program, nowhere else.
	Host string

	// Directory is the vault's directory, absolute. A plugin that knows the
	// setting [DirectorySetting] gets it, and nothing else may set that. ""
	// leaves the setting to the caller.
	Directory string

	StartTimeout time.Duration // until a go-plugin plugin says hello; 0 is 10 s
	CallTimeout  time.Duration // until it has answered; 0 is 30 s

	// Prompt asks the person at the terminal for a plugin. nil refuses every
	// prompt: nobody is there. The time that it takes does not count.
	Prompt func(ctx context.Context, plugin string, p Prompt) (string, error)

	// Notice shows a line about a plugin, such as that it is being waited for.
	// nil shows it to nobody.
	Notice func(line string)

	// Words shows a line that a plugin wrote on its standard error, made
	// printable. nil gives it to Notice with "plugin NAME: " in front.
	Words func(plugin, line string)

	// Call carries one request to a plugin and returns its reply; nil is [Run].
	// plugins/host sets it.
	Call func(ctx context.Context, r Request, o Options) (Reply, error)
}

// DirectorySetting is the setting in which a plugin gets the vault's directory,
// if it names it among those that it knows: a plugin that keeps something beside
// the credentials file needs it, since it runs in another directory.
const DirectorySetting = "vault_directory"

// The times that an [Options] without them stands for.
const (
	DefaultStartTimeout = 10 * time.Second
	DefaultCallTimeout  = 30 * time.Second

	noticeAfter = time.Second
)

// WithDefaults returns o with a value in each field but Prompt and Host,
// which mean something when empty.
func (o Options) WithDefaults() (Options, error) {
	if o.Store == nil {
		s, err := trust.Default()
		if err != nil {
			return o, err
		}
		o.Store = s
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = DefaultStartTimeout
	}
	if o.CallTimeout <= 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	if o.Words == nil {
		notice := o.Notice
		o.Words = func(plugin, line string) { notice("plugin " + plugin + ": " + line) }
	}
	if o.Call == nil {
		o.Call = Run
	}
	return o, nil
}

// Factory returns the factory of the plugin of that name, for a
// [keysource.Registry]. Nothing is looked up before it is used.
func Factory(name string, o Options) keysource.Factory {
	return func(s keysource.Settings) (keysource.Source, error) { return New(name, s, o) }
}

// New makes a source of the plugin of that name. The source is a
// [keysource.Saver] and a [keysource.Deleter] if the plugin said so when it was
// installed. New does not run the plugin. Its error is an *[Error].
func New(name string, s keysource.Settings, o Options) (keysource.Source, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return nil, named(name, err)
	}
	r, err := o.Store.Get(name)
	if err != nil {
		return nil, named(name, err)
	}
	if err := s.Only(r.Settings...); err != nil {
		return nil, &Error{Plugin: name, Code: BadSettings, Message: err.Error()}
	}
	if o.Directory != "" && slices.Contains(r.Settings, DirectorySetting) {
		if _, set := s[DirectorySetting]; set {
			return nil, &Error{Plugin: name, Code: BadSettings, Message: "the setting " + DirectorySetting + " is not for a configuration: it is always the vault's own"}
		}
		if s = maps.Clone(s); s == nil {
			s = keysource.Settings{}
		}
		s[DirectorySetting] = o.Directory
	}
	src := source{name: name, settings: s, o: o}
	switch save, del := r.Can(OpSave), r.Can(OpDelete); {
	case save && del:
		return saverDeleter{saver{src}, deleter{src}}, nil
	case save:
		return saver{src}, nil
	case del:
		return deleter{src}, nil
	}
	return src, nil
}

type source struct {
	name     string
	settings keysource.Settings
	o        Options
}

type saver struct{ source }

type deleter struct{ source }

type saverDeleter struct {
	saver
	deleter
}

// Name is "plugin NAME".
func (s source) Name() string { return "plugin " + s.name }

// Load asks the plugin for the key. Its error is an *[Error].
func (s source) Load(ctx context.Context) (keysource.Key, error) {
	reply, err := s.ask(ctx, Request{Op: OpLoad})
	if err != nil {
		return keysource.Key{}, err
	}
	k, err := keysource.ParseKey([]byte(*reply.Key))
	if err != nil {
		return keysource.Key{}, &Error{Plugin: s.name, Code: BadKey, Message: "its key is wrong: " + err.Error()}
	}
	return k, nil
}

// Save gives the plugin the key to keep. Its error is an *[Error].
func (s saver) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return &Error{Plugin: s.name, Code: BadKey, Message: "there is no key to save"}
	}
	_, err := s.ask(ctx, Request{Op: OpSave, Key: k.Text()})
	return err
}

// Delete has the plugin forget the key. Its error is an *[Error].
func (s deleter) Delete(ctx context.Context) error {
	_, err := s.ask(ctx, Request{Op: OpDelete})
	return err
}

func (s saverDeleter) Name() string { return s.saver.Name() }

func (s saverDeleter) Load(ctx context.Context) (keysource.Key, error) { return s.saver.Load(ctx) }

// ask makes one call, and repeats it with each answer that the plugin wants.
func (s source) ask(ctx context.Context, r Request) (Reply, error) {
	r.Contract, r.Plugin, r.Settings, r.Interactive = trust.Contract, s.name, s.settings, s.o.Prompt != nil
	for {
		reply, err := s.call(ctx, r)
		switch {
		case err != nil:
			return Reply{}, named(s.name, err)
		case reply.Error != nil:
			return Reply{}, s.said(*reply.Error)
		case reply.Prompt == nil:
			return reply, nil
		case !r.Interactive:
			return Reply{}, &Error{Plugin: s.name, Code: NeedsInput, Message: fmt.Sprintf("it asks for %q, and nobody is there to answer", reply.Prompt.Text)}
		case len(r.Answers) == maxAnswers:
			return Reply{}, &Error{Plugin: s.name, Code: BadReply, Message: fmt.Sprintf("it asks more than %d questions", maxAnswers)}
		}
		answer, err := s.o.Prompt(ctx, s.name, *reply.Prompt)
		if err != nil {
			return Reply{}, &Error{Plugin: s.name, Code: NeedsInput, Message: "its question was not answered: " + err.Error(), Err: err}
		}
		r.Answers = append(slices.Clone(r.Answers), answer)
	}
}

// call carries one request and says so if it takes long.
func (s source) call(ctx context.Context, r Request) (Reply, error) {
	wait := time.AfterFunc(noticeAfter, func() {
		s.o.Notice(fmt.Sprintf("waiting for plugin %s (%s), at most %v …", s.name, r.Op, s.o.StartTimeout+s.o.CallTimeout))
	})
	defer wait.Stop()
	reply, err := s.o.Call(ctx, r, s.o)
	if err != nil {
		return Reply{}, err
	}
	return reply, reply.check(r.Op)
}

// said makes an error of what the plugin, or the program that hosts it, replied.
func (s source) said(e ReplyError) error {
	err := &Error{Plugin: s.name, Code: e.Code, Message: e.Message}
	if e.Message == "" {
		err.Message = "no reason (" + launch.Printable(string(e.Code), 40) + ")"
	}
	return err
}

// named puts the plugin's name into an error and makes it an *Error.
func named(name string, err error) error {
	var (
		own       *Error
		untrusted *trust.Error
	)
	switch {
	case errors.As(err, &own):
		if own.Plugin == "" {
			e := *own
			e.Plugin = name
			return &e
		}
		return err
	case errors.As(err, &untrusted):
		return &Error{Plugin: name, Code: Untrusted, Message: untrusted.Error(), Err: untrusted}
	}
	return &Error{Plugin: name, Code: Failed, Message: err.Error(), Err: err}
}

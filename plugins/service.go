package plugins

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
)

// service answers the contract with a factory's sources.
type service struct {
	keysourcev1.UnimplementedKeySourceServer
	info Info
	make keysource.Factory
}

func (s *service) Describe(context.Context, *keysourcev1.DescribeRequest) (*keysourcev1.DescribeResponse, error) {
	d := s.info.description()
	return &keysourcev1.DescribeResponse{
		Name: d.Name, Version: d.Version, Operations: d.Operations,
		Settings: d.Settings, Environment: d.Environment,
	}, nil
}

func (s *service) Load(ctx context.Context, r *keysourcev1.LoadRequest) (*keysourcev1.LoadResponse, error) {
	var key keysource.Key
	err, prompt := s.call(ctx, r.GetCall(), func(ctx context.Context, src keysource.Source) (err error) {
		key, err = src.Load(ctx)
		if err == nil && key.IsZero() {
			err = errors.New("the source returned neither a key nor an error")
		}
		return err
	})
	switch {
	case prompt != nil:
		return &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Prompt{Prompt: prompt}}, nil
	case err != nil:
		return &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Error{Error: err}}, nil
	}
	return &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Key{Key: key.Bytes()}}, nil
}

func (s *service) Save(ctx context.Context, r *keysourcev1.SaveRequest) (*keysourcev1.SaveResponse, error) {
	err, prompt := s.call(ctx, r.GetCall(), func(ctx context.Context, src keysource.Source) error {
		k, err := keysource.KeyFromBytes(r.GetKey())
		if err != nil {
			return err
		}
		if saver, ok := src.(keysource.Saver); ok {
			return saver.Save(ctx, k)
		}
		return Errorf(Unsupported, "it cannot save a key")
	})
	switch {
	case prompt != nil:
		return &keysourcev1.SaveResponse{Result: &keysourcev1.SaveResponse_Prompt{Prompt: prompt}}, nil
	case err != nil:
		return &keysourcev1.SaveResponse{Result: &keysourcev1.SaveResponse_Error{Error: err}}, nil
	}
	return &keysourcev1.SaveResponse{}, nil
}

func (s *service) Delete(ctx context.Context, r *keysourcev1.DeleteRequest) (*keysourcev1.DeleteResponse, error) {
	err, prompt := s.call(ctx, r.GetCall(), func(ctx context.Context, src keysource.Source) error {
		if deleter, ok := src.(keysource.Deleter); ok {
			return deleter.Delete(ctx)
		}
		return Errorf(Unsupported, "it cannot delete a key")
	})
	switch {
	case prompt != nil:
		return &keysourcev1.DeleteResponse{Result: &keysourcev1.DeleteResponse_Prompt{Prompt: prompt}}, nil
	case err != nil:
		return &keysourcev1.DeleteResponse{Result: &keysourcev1.DeleteResponse_Error{Error: err}}, nil
	}
	return &keysourcev1.DeleteResponse{}, nil
}

// call makes the source and has act use it. What it returns is for the wire: an
// error, or the question to ask first.
func (s *service) call(ctx context.Context, c *keysourcev1.Call, act func(context.Context, keysource.Source) error) (*keysourcev1.Error, *keysourcev1.Prompt) {
	d := &dialog{interactive: c.GetInteractive(), answers: c.GetAnswers()}
	err := guard(func() error {
		src, err := s.make(c.GetSettings())
		if err != nil {
			return asSettings(err)
		}
		return act(context.WithValue(ctx, dialogKey{}, d), src)
	})
	if p := d.question(); p != nil && err != nil {
		return nil, &keysourcev1.Prompt{Text: p.Text, Secret: p.Secret}
	}
	if err != nil {
		return wireError(err), nil
	}
	return nil, nil
}

// guard makes an error of a panic. The stack goes to standard error, which the
// host shows; the value of the panic could be anything and is not sent.
func guard(act func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", v, debug.Stack())
			err = errors.New("the plugin panicked")
		}
	}()
	return act()
}

// asSettings gives an error of the factory the code that it nearly always means.
func asSettings(err error) error {
	var typed *external.Error
	if errors.As(err, &typed) || errors.Is(err, keysource.ErrNoKey) {
		return err
	}
	return Errorf(BadSettings, "%w", err)
}

var wireCodes = map[Code]keysourcev1.Code{
	NoKey: keysourcev1.Code_CODE_NO_KEY, Locked: keysourcev1.Code_CODE_LOCKED,
	Denied: keysourcev1.Code_CODE_DENIED, NeedsInput: keysourcev1.Code_CODE_NEEDS_INPUT,
	BadSettings: keysourcev1.Code_CODE_BAD_SETTINGS, Unavailable: keysourcev1.Code_CODE_UNAVAILABLE,
	Unsupported: keysourcev1.Code_CODE_UNSUPPORTED,
}

func wireError(err error) *keysourcev1.Error {
	e := external.AsReply(err).Error
	code, ok := wireCodes[e.Code]
	if !ok {
		code = keysourcev1.Code_CODE_FAILED
	}
	return &keysourcev1.Error{Code: code, Message: e.Message}
}

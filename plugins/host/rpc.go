package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/internal/wire"
	"github.com/flask-vault/flask-vault/plugins/launch"
	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// Of go-plugin's own services one is used: the stream by which a plugin sees
// that its host is there.
const (
	methodStdio    = "/plugin.GRPCStdio/StreamStdio"
	methodShutdown = "/plugin.GRPCController/Shutdown"
)

// dialOptions limit what goes over the connection that go-plugin makes: in size,
// in time (go-plugin's own calls have no limit) and to what is needed.
func (s *session) dialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		grpc.WithMaxHeaderListSize(wire.MaxMessage),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithNoProxy(),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if method == methodShutdown {
				return status.Error(codes.Canceled, "the plugin is killed instead")
			}
			ctx, cancel := s.bound(ctx)
			defer cancel()
			return invoke(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			s.remember(cc)
			if method != methodStdio {
				return nil, status.Error(codes.Unimplemented, "not used")
			}
			ctx, cancel := s.bound(ctx)
			stream, err := open(ctx, desc, cc, method, opts...)
			if err != nil {
				cancel()
				// With any other code go-plugin forgets the connection without
				// closing it. If it is really broken the call fails next.
				return nil, status.Error(codes.Unavailable, err.Error())
			}
			context.AfterFunc(stream.Context(), cancel)
			return stream, nil
		}),
	}
}

// bound ends ctx with the session.
func (s *session) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.over, cancel)
	return ctx, func() { stop(); cancel() }
}

func (s *session) remember(cc *grpc.ClientConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, cc)
}

// call makes the one call.
func (s *session) call(ctx context.Context, api keysourcev1.KeySourceClient, r external.Request) (external.Reply, error) {
	defer context.AfterFunc(ctx, func() { s.stop(gaveUp(ctx)) })()
	limit := time.AfterFunc(s.o.CallTimeout, s.expire)
	defer limit.Stop()
	// The plugin may see the deadline; what keeps it is our own clock.
	limited, cancel := context.WithTimeout(ctx, s.o.CallTimeout+settle)
	defer cancel()
	reply, err := send(limited, api, r)
	if err != nil {
		return external.Reply{}, s.whyFailed(ctx, err)
	}
	return reply, nil
}

func send(ctx context.Context, api keysourcev1.KeySourceClient, r external.Request) (external.Reply, error) {
	call := &keysourcev1.Call{Settings: r.Settings, Interactive: r.Interactive, Answers: r.Answers}
	switch r.Op {
	case external.OpDescribe:
		d, err := api.Describe(ctx, &keysourcev1.DescribeRequest{})
		if err != nil {
			return external.Reply{}, err
		}
		return external.Reply{Description: &trust.Description{
			Name: d.GetName(), Version: d.GetVersion(), Protocol: trust.GoPlugin, Contract: trust.Contract,
			Operations: d.GetOperations(), Settings: d.GetSettings(), Environment: d.GetEnvironment(),
		}}, nil
	case external.OpLoad:
		l, err := api.Load(ctx, &keysourcev1.LoadRequest{Call: call})
		if err != nil {
			return external.Reply{}, err
		}
		defer clear(l.GetKey())
		if reply, ok := notDone(l); ok {
			return reply, nil
		}
		k, err := keysource.KeyFromBytes(l.GetKey())
		if err != nil {
			return external.Reply{}, &external.Error{Code: external.BadKey, Message: "its key is wrong: " + err.Error()}
		}
		text := k.Text()
		return external.Reply{Key: &text}, nil
	case external.OpSave:
		k, err := keysource.ParseKey([]byte(r.Key))
		if err != nil {
			return external.Reply{}, &external.Error{Code: external.BadKey, Message: "there is no key to save"}
		}
		raw := k.Bytes()
		defer clear(raw)
		return done(api.Save(ctx, &keysourcev1.SaveRequest{Call: call, Key: raw}))
	case external.OpDelete:
		return done(api.Delete(ctx, &keysourcev1.DeleteRequest{Call: call}))
	}
	return external.Reply{}, &external.Error{Code: external.Unsupported, Message: fmt.Sprintf("there is no operation %q", r.Op)}
}

// result is what all replies but that of Describe have.
type result interface {
	GetError() *keysourcev1.Error
	GetPrompt() *keysourcev1.Prompt
}

func done(r result, err error) (external.Reply, error) {
	if err != nil {
		return external.Reply{}, err
	}
	if reply, ok := notDone(r); ok {
		return reply, nil
	}
	return external.Reply{Done: true}, nil
}

func notDone(r result) (external.Reply, bool) {
	if e := r.GetError(); e != nil {
		return external.Reply{Error: &external.ReplyError{Code: codeOf(e.GetCode()), Message: e.GetMessage()}}, true
	}
	if p := r.GetPrompt(); p != nil {
		return external.Reply{Prompt: &external.Prompt{Text: p.GetText(), Secret: p.GetSecret()}}, true
	}
	return external.Reply{}, false
}

func codeOf(c keysourcev1.Code) external.Code {
	switch c {
	case keysourcev1.Code_CODE_NO_KEY:
		return external.NoKey
	case keysourcev1.Code_CODE_LOCKED:
		return external.Locked
	case keysourcev1.Code_CODE_DENIED:
		return external.Denied
	case keysourcev1.Code_CODE_NEEDS_INPUT:
		return external.NeedsInput
	case keysourcev1.Code_CODE_BAD_SETTINGS:
		return external.BadSettings
	case keysourcev1.Code_CODE_UNAVAILABLE:
		return external.Unavailable
	case keysourcev1.Code_CODE_UNSUPPORTED:
		return external.Unsupported
	}
	return external.Failed
}

// whyFailed says what became of a call that brought no reply.
func (s *session) whyFailed(ctx context.Context, err error) error {
	var own *external.Error
	if errors.As(err, &own) {
		return err
	}
	s.mu.Lock()
	reason, proc := s.reason, s.proc
	s.mu.Unlock()
	switch {
	case reason != nil:
		return reason
	case ctx.Err() != nil:
		return gaveUp(ctx)
	}
	text := launch.Printable(status.Convert(err).Message(), 200)
	switch code := status.Code(err); code {
	case codes.Unavailable:
		if proc.Wait(context.Background(), settle) {
			return &external.Error{Code: external.Crashed, Message: "it ended before it answered (" + proc.Status() + ")"}
		}
		return &external.Error{Code: external.BadHandshake, Message: "no secure connection to it: " + text}
	case codes.ResourceExhausted:
		return &external.Error{Code: external.TooLarge, Message: fmt.Sprintf("its reply has more than %d bytes", wire.MaxMessage)}
	case codes.Unimplemented:
		return &external.Error{Code: external.Unsupported, Message: "it does not have that operation"}
	default:
		return &external.Error{Code: external.BadReply, Message: fmt.Sprintf("it answered with the gRPC error %v: %s", code, text)}
	}
}

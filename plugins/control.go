package plugins

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// go-plugin has services of its own on the same connection. Of these a host of
// ours uses two: the stream of standard output, by whose end we see that the
// host is gone, and Shutdown. They are declared here by hand, since go-plugin's
// generated code is internal to it and may not be registered twice in one
// program; both take and give empty messages as far as we are concerned.

func registerControl(s *grpc.Server, l *life) {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "plugin.GRPCStdio",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName:    "StreamStdio",
			ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				l.follow(stream.Context())
				return nil
			},
		}},
	}, nil)
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "plugin.GRPCController",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Shutdown",
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				l.end()
				l.begin()
				empty := &emptypb.Empty{}
				return empty, decode(empty)
			},
		}},
	}, nil)
}

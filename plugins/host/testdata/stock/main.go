// Command stock is a key source plugin on hashicorp/go-plugin itself.
package main

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
)

type source struct {
	keysourcev1.UnimplementedKeySourceServer
	plugin.NetRPCUnsupportedPlugin
}

func (source) Describe(context.Context, *keysourcev1.DescribeRequest) (*keysourcev1.DescribeResponse, error) {
	return &keysourcev1.DescribeResponse{Name: "stock", Version: "0.9", Operations: []string{"load"}}, nil
}

func (source) Load(context.Context, *keysourcev1.LoadRequest) (*keysourcev1.LoadResponse, error) {
	return &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Key{Key: []byte("0123456789abcdef")}}, nil
}

func (s source) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	keysourcev1.RegisterKeySourceServer(g, s)
	return nil
}

func (source) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey: "FLASK_VAULT_PLUGIN", MagicCookieValue: "keysource-6d1f0c1b7a", ProtocolVersion: 1,
		},
		Plugins:    plugin.PluginSet{"keysource": source{}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}

module github.com/flask-vault/flask-vault/plugins/age

go 1.26.0

require (
	filippo.io/age v1.3.2
	github.com/flask-vault/flask-vault v0.0.0
	golang.org/x/crypto v0.57.0
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	filippo.io/hpke v0.4.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/flask-vault/flask-vault => ../..

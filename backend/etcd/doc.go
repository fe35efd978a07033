// Package etcd keeps a vault's sealed document in an etcd cluster, version 3.4
// or later, which several machines share.
//
//	store, err := etcd.Open("etcd://node1:2379,node2:2379,node3:2379/shop/production", etcd.Options{
//		CAFile: "ca.pem", CertFile: "client.pem", KeyFile: "client.key",
//		User: "shop", Password: password,
//	})
//
// Open dials nothing. The package speaks with the JSON gateway that etcd serves
// beside gRPC (/v3, on unless --enable-grpc-gateway=false), by net/http and the
// standard library alone.
//
// # What is stored
//
// A document of up to 1 MiB is the value of one key, byte for byte as another store
// would have it: etcdctl get prints it. A larger one, up to [MaxSize], is in chunks of
// at most 1 MiB, each under a key of its own below KEY.chunks/, which never change.
// The value of the key is then a line that names them and has the SHA-256 of
// the whole. Limits of a server as it is installed are therefore enough.
//
// The version of the document is the revision (mod_revision) of its key. Save
// compares it and writes in one transaction, so of several writers one succeeds. The
// chunks are read at the revision of the key, so a reader gets one document or
// an error, never parts of two. A save removes the chunks that no document names any
// more, those of writers that died included.
//
// # When servers fail
//
// Reads are linearizable, by a quorum, and go on with the next server when one does not
// answer. A save goes to another server only where the first one surely got
// nothing. Where it may have written, as when the leader dies before it answers, Save
// fails with backend.ErrUncertain, and the vault loads and compares. A server
// that hangs is noticed by pings of HTTP/2, after four seconds as [Options] has
// them.
//
// # Users and certificates
//
// etcd's gateway takes users and passwords, but no client certificate with a
// Common Name where user authentication is on: it would have to act as another user than the
// certificate says. Give clients certificates with an empty subject; names go into
// the subject alternative names. The user's role needs to read, and to write for those who save,
// the key and all that begins with it:
//
//	etcdctl role grant-permission ROLE readwrite --prefix=true /shop/production
package etcd

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
// compares it and writes in one transaction, so of several writers one succeeds.
// The chunks are read as they were at the revision of the key, so a reader gets
// one document or an error, never parts of two. A save that follows a large document,
// or is one, or is the first of a Store or of an hour, removes the chunks that nothing
// names any more, those of writers that died included.
//
// # When servers fail
//
// Reads are linearizable, by a quorum, and go on with the next server when one
// does not answer. A save goes to another server only where the first one surely
// got nothing. Where it may have written, as when the leader dies before it
// answers, Save fails with backend.ErrUncertain, and the vault loads and compares;
// a server that lives takes up to seven seconds to say that it does not know.
//
// A server that hangs is noticed by pings of HTTP/2, after four seconds unless
// [Options] say otherwise. A watch goes on with another server then, and also if
// its server has lost the others.
//
// # Users and certificates
//
// etcd's gateway knows users by their passwords. Where users are on, it refuses
// a client certificate with a Common Name, which etcd could take for another user:
// give clients certificates with an empty subject, and names in the subject
// alternative names. The role of the user needs to read the key and all that begins
// with it, and to write those if it is to save:
//
//	etcdctl role grant-permission ROLE readwrite --prefix=true /shop/production
package etcd

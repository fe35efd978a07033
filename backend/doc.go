// Package backend is the vault: secrets in an encrypted document, under a
// master key that comes from elsewhere.
//
// [Open] takes a [Store] (where the sealed document lies), a key source (where
// the key lies) and a format (how the document is written), and gives a [Vault]:
//
//	v, err := backend.Open(ctx, backend.Options{
//		Store:  file.NewStore("credentials.yml.enc", ""),
//		Keys:   keysource.Chain{env.New(""), keyfile.New("master.key", keyfile.Options{})},
//		Format: yaml.Format{},
//	})
//	password, err := v.Get("db.password")
//	db.Connect(password.Reveal())
//
// A [Cipher] is the cipher alone, for tokens and for files: AES-128-GCM in the
// envelope that docs/format.md describes and that Flask-Vault for Python
// writes. There is no other cipher and nothing to configure.
//
// Reading never changes anything. Every change is made in memory, sealed,
// opened again and compared before the store replaces the old document in one
// step, and only if nobody else saved meanwhile ([ErrConflict]).
//
// The package imports no configuration library: backend/config reads
// flask-vault.yaml and the environment for programs that want that.
package backend

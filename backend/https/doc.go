// Package https reads a vault's sealed document from a web server, a relay or a CDN.
// It cannot save: whoever changes secrets does so in the store behind it.
//
//	store, err := https.Open("https://relay.example.org/credentials.yml.enc", https.Options{})
//
// The document is sealed and authenticated, so whoever carries it need not be trusted with its
// content. They can withhold it, and they can send an older one again, which this
// package does not notice by itself: a sealed document has no number. Wrap the store in
// backend/lastgood, which remembers what was replaced and refuses it. That sees nothing
// of documents that this machine never loaded, nor before its first load. Nothing
// is asked at Open.
//
// # Relays
//
// The URL may be several, with spaces between them. They are asked in this order, and the
// one that answered is asked first the next time. The version is the SHA-256 of the document,
// so relays need not agree on ETags. A relay that is behind, and has a document that the caller
// refuses (see [backend.Refusing]), is passed over. There is no vault only if all of them say so.
//
// # Asking again
//
// A server that gives an ETag is asked with If-None-Match, and answers 304 where nothing is new.
// [Store.Watch] asks every [Options.Poll] on average, at a random time between a half
// of it and one and a half, so that many watchers spread; and not before the max-age of the
// answer is over, as long as that is no more than ten minutes, since a cache
// would give the same. It minds Retry-After.
//
// # Safety
//
// Plain http is for this computer alone. A token goes as "Authorization: Bearer" to the
// hosts of the URLs: that of [Options.Token], or, where that is nil, of the variable
// FLASK_VAULT_HTTPS_TOKEN or the file that FLASK_VAULT_HTTPS_TOKEN_FILE names. These two go to
// the host in FLASK_VAULT_HTTPS_TOKEN_HOST alone (with its port, if it is not 443): the URL may be that of a
// repository that somebody cloned, which must not be able to fetch a token. Up to five
// redirects are followed, never from https to http, and without the token to
// another host. The query of a URL, where signed URLs have their signature, is in no name
// and no error.
package https

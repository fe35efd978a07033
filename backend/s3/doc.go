// Package s3 keeps a vault's sealed document in one object of Amazon S3, or of
// another server that speaks its protocol and honours conditional writes.
//
//	store, err := s3.Open("s3://bucket/credentials.yml.enc?region=eu-central-1", s3.Options{})
//
// Nothing is read and nobody is asked before the first Load, Save or Probe. The
// package needs the standard library alone.
//
// # The URL
//
// s3://BUCKET/KEY and parameters, all of them optional:
//
//	region=NAME       else AWS_REGION, AWS_DEFAULT_REGION, then the profile's in ~/.aws/config
//	endpoint=URL      another server than Amazon's; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
//	                  then the profile's endpoint_url
//	style=path        or "virtual": where the bucket is named. Another server: path, Amazon: virtual
//	profile=NAME      of ~/.aws; else AWS_PROFILE, then "default"
//	conditional=true  the server is known to honour conditions, as Probe finds out; see below
//	poll=DURATION     between two looks of Watch, on average: 30s
//
// An endpoint is https. Plain http is for this computer alone, unless allow_http=true.
// The URL holds no key: credentials in it are refused.
//
// # Credentials
//
// They are looked for as the AWS tools do; the package backend/aws says where, and what is
// not supported. The AWS command line gives what it finds anywhere:
//
//	eval "$(aws configure export-credentials --format env)"
//
// or a Go program sets [Options.Credentials].
//
// The role needs s3:GetObject and s3:PutObject for the object. Without s3:ListBucket for
// the bucket, Amazon says "access denied" of an object that does not exist.
//
// # Saving
//
// A save is a PUT with the condition If-Match, or If-None-Match: * for the first, so that it
// replaces the version that was loaded or nothing. The version is the ETag.
// 412 and 409 are backend.ErrConflict. Where the connection breaks after the request
// may have gone out, or the server fails with a 5xx, nobody can know: that is
// backend.ErrUncertain, and no save is ever repeated here.
//
// A server that ignores the condition would answer 200 and lose somebody's change, and
// there are such servers. So Save writes only where conditions are known to work:
//
//   - Amazon's own endpoints, by https, are documented to honour them. No probe is made.
//   - Another server is probed before the first Save of a [Store], by [Store.Probe]:
//     16 writers at once on an object beside the document, some 95 small requests. It costs
//     a program that runs for long nothing, and a command that saves once a second or two.
//   - With conditional=true the probe is short: one PUT, whose condition cannot hold, on the
//     object beside the document. It finds servers that ignore conditions, and not those
//     that race; the operator vouches for that, best after flask-vault doctor.
//
// Until then, and after a probe that failed, Save fails with [ErrUnconditional] or the
// reason why nobody knows, and the document is not touched. The conditions are signed,
// so a proxy that strips them makes the server refuse the request.
//
// The object beside the document is KEY.probe-RANDOM. It is removed afterwards; the role
// needs s3:PutObject, s3:GetObject and s3:DeleteObject for KEY.probe-* on servers that are
// probed. Where it may not be removed, nothing is saved.
//
// # Loading
//
// From another server than Amazon's, a document is taken only if its ETag is the MD5 of its
// bytes, or if a second GET gives the same, since there are servers that give the bytes
// of one version with the ETag of the next while it is replaced. ETags are something else than
// the MD5 where the server encrypts with a key of the customer's: there each changed
// document is fetched twice.
//
// # Redirects
//
// None is followed, so that no signature goes to another host. The error says where
// the server points, which is mostly another region.
package s3

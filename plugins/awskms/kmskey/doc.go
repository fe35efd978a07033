// Package kmskey is a key source whose key is wrapped by AWS KMS and kept in a
// file that is committed beside the vault.
//
// The settings are
//
//	key          the KMS key: its ARN, id or alias/NAME; a symmetric one
//	app          the name of the application
//	environment  the name of its environment
//	region       the region; the one of the ARN, or of AWS_REGION
//	file         the wrapped key, below the vault's directory; master.key.awskms
//
// The wrapped key is bound to app and environment: they are its encryption
// context, which KMS checks and which CloudTrail shows.
//
// Credentials are the user's and never a project's; the package backend/aws says where they
// are looked for, which are web identities too, and what is not supported. Requests go to KMS
// and STS themselves; only AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS
// send them elsewhere.
package kmskey

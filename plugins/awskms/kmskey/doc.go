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
// Credentials are the user's and never a project's: AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the same of the profile
// AWS_PROFILE in ~/.aws/credentials or AWS_SHARED_CREDENTIALS_FILE. Requests go to
// KMS itself; only AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL sends them elsewhere.
//
// Single sign-on, roles to assume, web identity and the metadata services of EC2
// and containers are not supported: "aws configure export-credentials
// --format env" gives the variables for what the aws command can do.
package kmskey

// Package aws is what the clients of Amazon's services share: it finds credentials as the
// AWS tools do ([Finder]), signs requests ([Sign]), and reads what errors say
// ([ParseFault]). backend/s3 and plugins/awskms use it. It needs the standard library alone.
//
// # Credentials
//
// This part of the tools' search is supported, in this order:
//
//  1. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with AWS_SESSION_TOKEN. A profile that
//     [Finder] names comes before them.
//  2. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as EKS and CI systems set them: the
//     token is exchanged with AssumeRoleWithWebIdentity at the region's STS
//     (AWS_ENDPOINT_URL_STS for another), and again before what it gave ends.
//  3. The profile in ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE,
//     AWS_CONFIG_FILE): a key, with a session's token, or a web identity and a role.
//
// Not supported are SSO and login sessions, credential_process, roles by source_profile or
// credential_source, the credentials of containers (ECS, EKS Pod Identity), and the
// metadata of EC2 instances. Where a profile or the environment asks for one of these, the
// error says so. Of a profile, backend/s3 also reads region and endpoint_url, and no services
// section. The AWS command line gives what it finds in all of them to those who ask:
//
//	eval "$(aws configure export-credentials --format env)"
package aws

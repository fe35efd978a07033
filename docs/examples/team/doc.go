// Package team has the story of [docs/team.md] as a test: three people and two servers
// whose vault lies in a cluster of three etcd servers.
//
// [docs/team.md]: ../../team.md
package team

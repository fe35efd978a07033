// Package host uses a key source plugin inside a Go program: [New] makes a
// [keysource.Source] of it.
//
// Each use starts the plugin, makes one call and kills it. The plugin speaks
// hashicorp/go-plugin's protocol over gRPC; the host adds what secrets need and
// go-plugin does not do by itself. It runs the very bytes whose SHA-256 it
// compared, gives the plugin an environment, a session and a process group of
// its own and no standard input, insists on mutual TLS over a socket in a
// private directory, limits every message to 64 KiB and every wait in time, and
// leaves no process, goroutine, socket or directory behind.
//
// This package links gRPC. A program that should not uses keysource/external,
// which has the same function and runs flask-vault-pluginhost.
package host

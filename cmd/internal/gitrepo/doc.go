// Package gitrepo asks git about a repository: what is staged, what its objects
// hold, what its configuration says.
//
// It runs the user's own git, only commands that are made for programs, and as few
// processes as it can: the content of any number of objects comes from one.
package gitrepo

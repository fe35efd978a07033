// Package child runs the program that gets the secrets.
//
// [Replace] makes this process that program, where the system can do so: then
// nothing of Flask-Vault stays in between. [Run] starts it beside this process,
// passes signals on and returns its exit code as a shell has it; with a filter on
// the program's output it gives it a terminal of its own if this process has one,
// so that colours, line editing and the window's size stay.
//
// The command exec uses it.
package child

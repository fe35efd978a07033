// Package cli is what a person at a terminal meets: the commands, what each
// prints, and what it exits with.
//
// # The life of a command
//
// [Main] makes an app with the process's streams, the root command (root.go) parses
// flags into it, and the command's run function asks for a vault, calls backend, and
// prints values to standard output and everything else to standard error. Errors
// travel up unprinted; exit.go turns them into a sentence, a hint what to type next,
// and the exit code, for all commands in one table.
//
// A run function begins with one of these, all in app.go. They finish a rekey that
// was interrupted, but for the first:
//
//	resolve      which vault and environment is meant; nothing is opened
//	open         the environment's own document
//	openToWrite  the same, for a change
//	read         the document as it is read: with its local file and its base
//	cipher       the key alone, for files and streams
//
// and ends with print (values), printJSON (--json) or note (everything else).
// update (set.go) makes a change, again if somebody else saves meanwhile.
//
// # Which file has what
//
// A command is in the file of its name: get.go, edit.go, and configcmd.go and others
// where the plain name is taken. What is not one command:
//
//	app, root, exit      the run, the command tree, the table of errors
//	help, completion     what cobra would do, in our words
//	terminal, stdin, signals, progress
//	                     a person, or the lack of one
//	environment, selection
//	                     the variables of exec, export and every program that is started
//	seen, steady         files that change while a command reads them
//	network, remotecmd   stores on the network, and the agreement to them
//	draft, generate, fileargs, gitfiles
//	                     what several commands need
//	exec*                exec; execwatch is exec --watch
//	serve*               serve --stdio: the protocol, the vault that follows its files,
//	                     values with types
//	plugin*, team*, key, rekey*
//	                     keys, who has them, and how they change
//	doctor*              doctor; gitdoctor and mergesweep have its findings about git
//	known, leak*         the values to look for, and the search: leaks and git guard
//	git*                 git enroll (gitenroll, gitattributes, githook), git guard,
//	                     git resolve, and what git calls: the merge driver, textconv
//	merge*               one merge of an encrypted file, for the driver and for resolve:
//	                     its keys, its conflicts, its record in git's directory
//
// What needs no command line lies beside, in cmd/internal: editor, private, child,
// export, forms, search, redact, variables, gitrepo, vaultkeys, textconv.
//
// # A new command
//
// A constructor "func (a *app) fooCommand() *cobra.Command" in foo.go, a line in
// commands of root.go, and a script in cmd/flask-vault/testdata/script. A new kind of
// error that should have an exit code of its own is a case in classify of exit.go.
package cli

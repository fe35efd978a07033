package cli

import "github.com/spf13/cobra"

func (a *app) gitCommand() *cobra.Command {
	return a.group("git", "Let git show, merge and guard encrypted files",
		a.gitEnrollCommand(), a.gitUnenrollCommand(), a.gitResolveCommand(), a.gitGuardCommand(),
		a.gitTextconvCommand(), a.gitMergeDriverCommand())
}

package cli

import "github.com/spf13/cobra"

func (a *app) gitCommand() *cobra.Command {
	return a.group("git", "Merge encrypted files in git by key",
		a.gitMergeDriverCommand(), a.gitResolveCommand())
}

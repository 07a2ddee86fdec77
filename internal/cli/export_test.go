package cli

import "github.com/spf13/cobra"

// Root is the command tree, for tests that walk it.
func (a *App) Root() *cobra.Command {
	a.out = &checkedWriter{w: a.Stdout}
	return a.newRootCmd("")
}

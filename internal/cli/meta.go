package cli

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/provider"
)

// version is the release, or what the go command knows about the build.
func (a *App) version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func (a *App) newVersionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Long: "Print the version. It works whatever else is broken.", Args: maxArgs(0),
		RunE: func(*cobra.Command, []string) error {
			if a.flags.json {
				return a.printJSON(map[string]string{
					"version": a.version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				})
			}
			a.print("socialauth " + a.version() + " (" + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + ")\n")
			return nil
		},
	}
}

const completionLong = `Print a completion script. Accounts and providers are completed from files alone:
pressing tab asks neither the network nor the keyring.`

// The scripts of the four shells are committed, for packages; a test compares them.
//
//go:generate go test -count=1 -run ^TestCompletionFiles$ . -update
func (a *App) newCompletionCmd() *cobra.Command {
	shell := func(name, how string, write func(root *cobra.Command) error) *cobra.Command {
		return &cobra.Command{
			Use: name, Short: "Completion script for " + name, Long: how, Args: maxArgs(0), DisableFlagsInUseLine: true,
			RunE: func(cmd *cobra.Command, _ []string) error { return write(cmd.Root()) },
		}
	}
	return group("completion", "Print a shell completion script", completionLong,
		shell("bash", "Load it with:\n\n  source <(socialauth completion bash)",
			func(root *cobra.Command) error { return root.GenBashCompletionV2(a.out, true) }),
		shell("zsh", "Put it into a folder of $fpath as _socialauth:\n\n  socialauth completion zsh > \"${fpath[1]}/_socialauth\"",
			func(root *cobra.Command) error { return root.GenZshCompletion(a.out) }),
		shell("fish", "Load it with:\n\n  socialauth completion fish | source",
			func(root *cobra.Command) error { return root.GenFishCompletion(a.out, true) }),
		shell("powershell", "Load it with:\n\n  socialauth completion powershell | Out-String | Invoke-Expression",
			func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(a.out) }))
}

// completeProviders and completeAccounts answer the shell from files alone:
// pressing tab never asks the network or the keyring (C14).
func (a *App) completeProviders(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids := provider.Presets()
	if paths, err := config.FindPaths(a.Env); err == nil {
		ids = append(ids, ownProviders(paths)...)
	}
	return beginning(typed, ids), cobra.ShellCompDirectiveNoFileComp
}

func beginning(typed string, names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return !strings.HasPrefix(name, typed) })
}

func (a *App) completeAccounts(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	w, err := a.open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := w.accounts.List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, info := range list {
		if info.Damaged == nil {
			names = append(names, info.Account.String())
		}
	}
	return beginning(typed, names), cobra.ShellCompDirectiveNoFileComp
}

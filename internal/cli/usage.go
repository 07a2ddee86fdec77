package cli

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// group is a command that only has subcommands. Without one, or with one that
// does not exist, it fails: cobra would print help to stdout and exit 0, which
// a script would take for a token (C01).
func group(use, short, long string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.ArbitraryArgs, SuggestionsMinimumDistance: 2}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if asJSON, err := cmd.Flags().GetBool("json"); err != nil || !asJSON {
			_, _ = io.WriteString(cmd.ErrOrStderr(), cmd.UsageString())
		}
		if len(args) == 0 {
			return usagef("%s needs a command", cmd.CommandPath()).hint("%s --help", cmd.CommandPath())
		}
		e := usagef("%s has no command %q", cmd.CommandPath(), redactSecrets(args[0]))
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			// Of several, the one that begins alike: prnt is print rather than mint.
			best := slices.MaxFunc(near, func(x, y string) int {
				return cmp.Compare(commonPrefix(x, args[0]), commonPrefix(y, args[0]))
			})
			return e.hint("did you mean %s %s?", cmd.CommandPath(), best)
		}
		return e.hint("%s --help", cmd.CommandPath())
	}
	cmd.AddCommand(subs...)
	return cmd
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// flagError words what pflag found wrong, without repeating a secret that
// somebody typed as a flag's value (C06, C07).
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	if short, _, ok := strings.Cut(text, " in -"); ok && strings.HasPrefix(text, "unknown shorthand flag") {
		text = short // the rest is the whole argument
	}
	e := usagef("%s", redactSecrets(text))
	for _, name := range []string{"client-secret", "secret", "token", "password", "passphrase", "hmac-key", "refresh-token"} {
		if strings.HasSuffix(err.Error(), "unknown flag: --"+name) {
			return usagef("there is no --%s: a command line is visible to every program on this machine, so no flag takes a secret", name).
				hint("give it on stdin, in a file or in the environment; see: %s --help", cmd.CommandPath())
		}
	}
	return e.hint("%s --help", cmd.CommandPath())
}

// checkFlagGroups does what cobra does later, as a wrong usage with an exit
// code: flags that exclude each other, and flags of which one is needed.
func checkFlagGroups(cmd *cobra.Command, _ []string) error {
	err := cmd.ValidateRequiredFlags()
	if err == nil {
		err = cmd.ValidateFlagGroups()
	}
	if err == nil {
		return nil
	}
	text := err.Error()
	// cobra names the whole group in the first brackets and the flags that were
	// given in the second.
	switch lists := bracketed(text); {
	case strings.Contains(text, "none of the others can be") && len(lists) == 2:
		text = "--" + strings.Join(lists[1], " and --") + " contradict each other"
	case strings.HasPrefix(text, "at least one of the flags") && len(lists) == 1:
		text = cmd.CommandPath() + " needs --" + strings.Join(lists[0], " or --")
	}
	return usagef("%s", text).hint("%s --help", cmd.CommandPath())
}

// bracketed returns the words of each […] in the text.
func bracketed(text string) [][]string {
	var lists [][]string
	for {
		_, rest, ok := strings.Cut(text, "[")
		inside, after, closed := strings.Cut(rest, "]")
		if !ok || !closed {
			return lists
		}
		lists = append(lists, strings.Fields(inside))
		text = after
	}
}

// oneArg and maxArgs are cobra's checks in the words of this program.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("%s needs %s", cmd.CommandPath(), what).hint("%s --help", cmd.CommandPath())
		case len(args) > 1:
			return usagef("%s takes %s and nothing more", cmd.CommandPath(), what).hint("%s --help", cmd.CommandPath())
		}
		return nil
	}
}

func maxArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			what := "no arguments"
			if n == 1 {
				what = "one argument"
			}
			return usagef("%s takes %s, not %d", cmd.CommandPath(), what, len(args)).hint("%s --help", cmd.CommandPath())
		}
		return nil
	}
}

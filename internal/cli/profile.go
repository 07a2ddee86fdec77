package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

const profileLong = `Ask the provider who the account is, and show it in the same words for every
provider. An email that is missing was not given; that is normal.`

func (a *App) newProfileCmd() *cobra.Command {
	var flag *string
	cmd := &cobra.Command{
		Use: "profile [ACCOUNT]", Short: "Ask the provider who the account is", Long: profileLong,
		Args: maxArgs(1), ValidArgsFunction: a.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open()
			if err != nil {
				return err
			}
			ref, err := w.account(a, args, *flag)
			if err != nil {
				return err
			}
			p, err := w.accounts.Profile(cmd.Context(), ref)
			if err != nil {
				return err
			}
			return a.printProfile(p)
		},
	}
	flag = accountFlag(cmd)
	return cmd
}

func (a *App) printProfile(p *oauth.Profile) error {
	if a.flags.json {
		return a.printJSON(struct {
			Sub           string          `json:"sub"`
			Username      *string         `json:"username"`
			Name          *string         `json:"name"`
			Email         *string         `json:"email"`
			EmailVerified bool            `json:"email_verified"`
			Picture       *string         `json:"picture"`
			Raw           json.RawMessage `json:"raw"`
		}{p.Sub, nilIfEmpty(p.Username), nilIfEmpty(p.Name), nilIfEmpty(p.Email), p.EmailVerified, nilIfEmpty(p.Picture), p.Raw})
	}
	style := term.NewStyle(a.Term.StdoutColor)
	rows := [][]string{}
	add := func(name, value string) {
		if value == "" {
			value = style.Faint("not given")
		} else {
			value = plain.Escape(value)
		}
		rows = append(rows, []string{style.Name(name), value})
	}
	add("sub", p.Sub)
	add("username", p.Username)
	add("name", p.Name)
	add("email", p.Email)
	if p.Email != "" {
		verified := "no"
		if p.EmailVerified {
			verified = "yes"
		}
		add("email_verified", verified)
	}
	add("picture", p.Picture)
	a.print(term.Table(rows))
	return nil
}

package cli

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

const profileLong = `Ask the provider who the account is, and show it in the same words for every
provider. An email that is missing was not given; that is normal.`

func (a *App) newProfileCmd() *cobra.Command {
	return a.accountCmd("profile", "Ask the provider who the account is", profileLong,
		func(ctx context.Context, w *world, ref account.Ref) error {
			p, err := w.accounts.Profile(ctx, ref)
			if err != nil {
				return err
			}
			return a.printProfile(p)
		})
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

package cli

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/jose"
)

type mintOptions struct {
	account, key, issuer, ttl string
	expires                   string
	audience                  []string
	claims, jsonClaims        []string
	headers                   []string
	keyring, noNewline        bool
	allowLong                 bool
}

const tokenMintLong = `Sign a JWT about the account and print it.

It has sub (provider|id), username, name, email, email_verified, picture and provider
as they were at the last sign-in, and iss, aud, iat, nbf, exp and jti. It is meant for
your own back end: check it with your key, or with "socialauth verify --local".

Without --key the key called "default" signs, or the only one there is; the first
time, an ES256 key is made. No request is made to the provider.`

// maxTTL is the longest life of a minted token without a second word.
const maxTTL = 24 * time.Hour

func (a *App) newTokenMintCmd() *cobra.Command {
	var o mintOptions
	cmd := &cobra.Command{
		Use: "mint [ACCOUNT]", Short: "Sign a JWT about the account", Long: tokenMintLong,
		Example: "  socialauth token mint facebook --audience my-api --ttl 15m\n" +
			"  socialauth token mint facebook --claim role=admin --claim-json 'groups=[\"a\",\"b\"]'",
		Args: maxArgs(1), ValidArgsFunction: a.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			// An unset variable in a script must not mint for everybody's default.
			switch f := cmd.Flags(); {
			case slices.Contains(o.audience, ""):
				return usagef("--audience must not be empty")
			case f.Changed("issuer") && o.issuer == "":
				return usagef("--issuer must not be empty")
			}
			return a.runTokenMint(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "the account, if not given as an argument")
	f.StringVar(&o.key, "key", "", "name of the signing key")
	f.StringVar(&o.ttl, "ttl", "", "how long it is good, such as 15m, 1h or 1d (default 1h)")
	f.StringVar(&o.expires, "expires", "", "when it expires: 2026-12-31T23:59:59Z, 2026-12-31, \"tomorrow\", or +90m (instead of --ttl)")
	f.BoolVar(&o.allowLong, "allow-long-ttl", false, "allow more than 24 hours")
	f.StringVar(&o.issuer, "issuer", "", "iss (default: jwt.issuer of config.toml, or socialauth)")
	f.StringArrayVar(&o.audience, "audience", nil, "aud, one or several (default: jwt.audience of config.toml, or socialauth)")
	f.StringArrayVar(&o.claims, "claim", nil, "a further claim `k=v`, as text")
	f.StringArrayVar(&o.jsonClaims, "claim-json", nil, "a further claim `k=JSON`")
	f.StringArrayVar(&o.headers, "header", nil, "a further header parameter `k=v`")
	f.BoolVar(&o.keyring, "keyring", false, "put it into the OS keyring too, as jwt:ACCOUNT")
	f.BoolVarP(&o.noNewline, "no-newline", "n", false, "no newline after the token")
	cmd.MarkFlagsMutuallyExclusive("ttl", "expires")
	return cmd
}

func (a *App) runTokenMint(ctx context.Context, args []string, o mintOptions) error {
	w, err := a.open()
	if err != nil {
		return err
	}
	m, err := w.mint(o, a.Now())
	if err != nil {
		return err
	}
	ref, err := w.account(a, args, o.account)
	if err != nil {
		return err
	}
	t, err := w.accounts.Mint(ctx, ref, m)
	if err != nil {
		return err
	}
	format := tokenFormat{kind: "raw"}
	if a.flags.json {
		format.kind = "json"
	}
	return a.printToken(t, format, o.noNewline)
}

// mintDefaults is what config.toml says about minted tokens.
func (w *world) mintDefaults() account.Mint {
	j := w.file.JWT
	return account.Mint{Key: j.Key, TTL: time.Duration(j.TTL), Issuer: j.Issuer, Audience: j.Audience, Keyring: j.Keyring}
}

// mint applies the flags to the defaults.
func (w *world) mint(o mintOptions, now time.Time) (account.Mint, error) {
	m := w.mintDefaults()
	if o.ttl != "" {
		d, err := config.ParseDuration(o.ttl)
		if err != nil || d == 0 {
			return m, usagef("--ttl wants a length of time such as 15m, 1h or 1d, not %q", redactSecrets(o.ttl))
		}
		m.TTL = d
	}
	if o.expires != "" {
		at, err := parseExpires(o.expires, now)
		if err != nil {
			return m, err
		}
		m.ExpiresAt, m.TTL = at, at.Sub(now).Round(time.Second)
	}
	if m.TTL > maxTTL && !o.allowLong {
		return m, usagef("a life of %s is longer than 24 h", m.TTL).hint("add --allow-long-ttl if you mean it")
	}
	if o.key != "" {
		m.Key = o.key
	}
	if o.issuer != "" {
		m.Issuer = o.issuer
	}
	if len(o.audience) > 0 {
		m.Audience = o.audience
	}
	m.Keyring = m.Keyring || o.keyring
	var err error
	if m.Claims, err = extraClaims(o); err != nil {
		return m, err
	}
	for _, h := range o.headers {
		name, value, ok := strings.Cut(h, "=")
		if !ok {
			return m, usagef("--header wants name=value, not %q", redactSecrets(h))
		}
		if err := m.Header.Set(name, value); err != nil {
			return m, usagef("--header %s: %v", name, err)
		}
	}
	return m, nil
}

// extraClaims reads --claim and --claim-json. Claims with a meaning of their
// own have flags of their own, or come from the account.
func extraClaims(o mintOptions) ([]account.Claim, error) {
	reserved := []string{
		"iss", "sub", "aud", "iat", "nbf", "exp", "jti", "provider", "username", "name", "email", "email_verified", "picture",
	}
	var claims []account.Claim
	var checked jose.Claims // finds here what would fail when signing: names twice, values that are not JSON
	add := func(flag, item string, value func(string) (any, error)) error {
		name, text, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return usagef("%s wants name=value, not %q", flag, redactSecrets(item))
		}
		if slices.Contains(reserved, name) {
			return usagef("%s cannot set %q: it comes from the account or has a flag of its own", flag, name)
		}
		v, err := value(text)
		if err != nil {
			return usagef("%s %s: %v", flag, name, err)
		}
		if err := checked.Set(name, v); err != nil {
			return usagef("%s: %v", flag, err)
		}
		claims = append(claims, account.Claim{Name: name, Value: v})
		return nil
	}
	for _, item := range o.claims {
		if err := add("--claim", item, func(s string) (any, error) { return s, nil }); err != nil {
			return nil, err
		}
	}
	for _, item := range o.jsonClaims {
		if err := add("--claim-json", item, func(s string) (any, error) { return json.RawMessage(s), nil }); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// parseExpires reads a moment in the future: RFC 3339, a day in local time (its
// midnight), "tomorrow", or a distance with a plus sign.
func parseExpires(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.ParseInLocation(time.DateOnly, text, now.Location())
	}
	if distance, ok := strings.CutPrefix(text, "+"); ok {
		var d time.Duration
		if d, err = config.ParseDuration(distance); err == nil {
			at = now.Add(d)
		}
	}
	if text == "tomorrow" {
		at, err = time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, now.Location()), nil
	}
	switch {
	case err != nil:
		return at, usagef("--expires wants a moment such as 2026-12-31T23:59:59Z, 2026-12-31, tomorrow or +90m, not %q", redactSecrets(text))
	case at.Before(now.Add(time.Second)):
		return at, usagef("--expires %s is not in the future", at.Format(time.RFC3339))
	case at.Year() > 9999:
		return at, usagef("--expires is beyond the year 9999")
	}
	return at, nil
}

package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/jose"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/term"
)

type verifyOptions struct {
	local                    bool
	key, hmac, jwks          string
	alg                      string
	issuers, audience        []string
	require                  []string
	leeway                   time.Duration
	skipIssuer, skipAudience bool
	claims                   []string
	lines                    bool
	payload                  string
}

const verifyLong = `Check a token's signature and claims, and print its payload only if both are good.

The key decides the algorithm, never the token. Give the key with --local (your own
signing keys), --key (PEM, a certificate or a JWK), --jwks (a JWK Set, in a file or at
a URL) or --hmac-key-file. With an --issuer URL and none of these, the issuer is asked
for its keys. Nothing in the token is ever asked: not its iss, jku, x5u or jwk. Of a
certificate the dates are checked, not who issued it.
--audience must name who the token is for, and the issuer must be right: with --local
it is the one your keys mint for; otherwise give --issuer.

--lines reads a token a line from stdin and writes a verdict a line, as JSON. With
--payload-file the token has no payload of its own (RFC 7797); only its signature is
checked then, since what it signs is no claims.

Exit status: 4 the check failed, of one line at least; 5 the keys could not be had; 1 it is not a token, 2 the question makes no sense.`

func (a *App) newVerifyCmd() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use: "verify [TOKEN|-]", Short: "Check a token's signature and claims", Long: verifyLong,
		Example: "  socialauth token print facebook --type jwt | socialauth verify --local --audience socialauth -",
		Args:    maxArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runVerify(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.local, "local", false, "check with your own signing keys")
	f.StringVar(&o.key, "key", "", "file with a public key, a certificate or a JWK")
	f.StringVar(&o.jwks, "jwks", "", "file or https URL with a JWK Set")
	f.StringVar(&o.hmac, "hmac-key-file", "", "file with an HMAC secret; needs --alg")
	f.StringVar(&o.alg, "alg", "", "the only algorithm to accept")
	f.StringArrayVar(&o.issuers, "issuer", nil, "the issuer that iss must be")
	f.StringArrayVar(&o.audience, "audience", nil, "who aud must name (one of them, if given several times)")
	f.StringArrayVar(&o.require, "require", nil, "a claim that must be there")
	f.StringArrayVar(&o.claims, "claim", nil, "a claim `k=v` that must have this value, or contain it")
	f.BoolVar(&o.lines, "lines", false, "one token a line on stdin, one JSON verdict a line on stdout")
	f.StringVar(&o.payload, "payload-file", "", "file with the payload that was left out of the token")
	f.DurationVar(&o.leeway, "leeway", time.Minute, "tolerance for exp, nbf and iat")
	f.BoolVar(&o.skipIssuer, "insecure-skip-issuer", false, "do not check who issued it")
	f.BoolVar(&o.skipAudience, "insecure-skip-audience", false, "do not check who it is for")
	cmd.MarkFlagsMutuallyExclusive("local", "key", "jwks", "hmac-key-file")
	cmd.MarkFlagsMutuallyExclusive("lines", "payload-file")
	return cmd
}

func (a *App) runVerify(ctx context.Context, args []string, o verifyOptions) error {
	if o.payload != "" {
		return a.runVerifyDetached(ctx, args, o)
	}
	v, err := a.verifier(o)
	if err != nil {
		return err
	}
	if o.lines {
		return a.runLines(ctx, args, jose.LinesOptions{Verifier: v})
	}
	input, err := a.tokenInput(args)
	if err != nil {
		return err
	}
	// One final newline is what a pipe adds; anything else is part of the
	// token and makes it malformed (W17).
	input = trimNewline(input)
	good, err := v.Verify(ctx, input)
	if err != nil {
		return a.verifyFailed(err)
	}
	if a.flags.json {
		return a.printJSON(map[string]any{
			"verified": true, "alg": good.Alg, "kid": good.Key.KeyID(), "header": good.Header, "payload": good.Payload,
		})
	}
	a.print(string(jose.Safe(good.Payload)) + "\n")
	a.note("socialauth: %s (%s, key %s)", term.NewStyle(a.Term.StderrColor).Good("signature and claims are good"), good.Alg, plain.Escape(good.Key.KeyID()))
	return nil
}

// verifyFailed lists every reason; with --json they are in the error object.
func (a *App) verifyFailed(err error) error {
	refused, ok := as[*jose.VerifyError](err)
	if !ok || !a.flags.json {
		return err
	}
	e := describe(err)
	a.noteJSON(map[string]any{"code": e.Code, "message": e.Message, "exit_code": e.Exit, "verified": false, "reasons": refused.Reasons})
	return &Error{Exit: e.Exit, Code: e.Code, Message: e.Message, Err: errSilent}
}

// verifier puts together what is to be checked, and refuses to check nothing.
func (a *App) verifier(o verifyOptions) (*jose.Verifier, error) {
	v := &jose.Verifier{
		Issuers: o.issuers, Audiences: o.audience, SkipIssuer: o.skipIssuer, SkipAudience: o.skipAudience,
		Require: o.require, Now: a.Now, Leeway: o.leeway,
	}
	if o.alg != "" {
		v.Algorithms = []string{o.alg}
	}
	var err error
	if v.Claims, err = expectedClaims(o.claims); err != nil {
		return nil, err
	}
	if v.Keys, err = a.verifyKeys(o, v); err != nil {
		return nil, err
	}
	if len(v.Audiences) == 0 && !o.skipAudience {
		return nil, usagef("verify needs --audience: who the token must be for").hint("or, knowing what it means, --insecure-skip-audience")
	}
	if len(v.Issuers) == 0 && !o.skipIssuer {
		return nil, usagef("verify needs --issuer: who must have issued the token").hint("or, knowing what it means, --insecure-skip-issuer")
	}
	if o.skipAudience {
		a.warn("who the token is for is not checked")
	}
	if o.skipIssuer {
		a.warn("who issued the token is not checked")
	}
	return v, nil
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
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
}

const verifyLong = `Check a token's signature and claims, and print its payload only if both are good.

The key decides the algorithm, never the token. Give the key with --local (your own
signing keys), --key (PEM or JWK), --jwks (a JWK Set in a file) or --hmac-key-file.
--audience must name who the token is for, and the issuer must be right: with --local
it is the one your keys mint for; otherwise give --issuer.

Exit status: 4 the check failed, 1 it is not a token, 2 the question makes no sense.`

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
	f.StringVar(&o.jwks, "jwks", "", "file with a JWK Set")
	f.StringVar(&o.hmac, "hmac-key-file", "", "file with an HMAC secret; needs --alg")
	f.StringVar(&o.alg, "alg", "", "the only algorithm to accept")
	f.StringArrayVar(&o.issuers, "issuer", nil, "the issuer that iss must be")
	f.StringArrayVar(&o.audience, "audience", nil, "who aud must name (one of them, if given several times)")
	f.StringArrayVar(&o.require, "require", nil, "a claim that must be there")
	f.DurationVar(&o.leeway, "leeway", time.Minute, "tolerance for exp, nbf and iat")
	f.BoolVar(&o.skipIssuer, "insecure-skip-issuer", false, "do not check who issued it")
	f.BoolVar(&o.skipAudience, "insecure-skip-audience", false, "do not check who it is for")
	cmd.MarkFlagsMutuallyExclusive("local", "key", "jwks", "hmac-key-file")
	return cmd
}

func (a *App) runVerify(ctx context.Context, args []string, o verifyOptions) error {
	v, err := a.verifier(o)
	if err != nil {
		return err
	}
	input, err := a.tokenInput(args)
	if err != nil {
		return err
	}
	// One final newline is what a pipe adds; anything else is part of the
	// token and makes it malformed (W17).
	input = bytes.TrimSuffix(bytes.TrimSuffix(input, []byte("\n")), []byte("\r"))
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
	keys, err := a.verifyKeys(o, v)
	if err != nil {
		return nil, err
	}
	v.Keys = keys
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

// verifyKeys is where the keys come from.
func (a *App) verifyKeys(o verifyOptions, v *jose.Verifier) (jose.KeySource, error) {
	switch {
	case o.local:
		w, err := a.open()
		if err != nil {
			return nil, err
		}
		if len(v.Issuers) == 0 {
			issuer := w.mintDefaults().Issuer
			if issuer == "" {
				issuer = account.DefaultIssuer
			}
			v.Issuers = []string{issuer}
		}
		v.Types = []string{jose.TypeMinted}
		return w.accounts.LocalKeys(), nil
	case o.key != "":
		data, err := readKeyFile(o.key)
		if err != nil {
			return nil, err
		}
		key, err := parseKey(data, o.alg)
		if err != nil {
			return nil, keyFileError(o.key, err)
		}
		return jose.NewSet(key), nil
	case o.jwks != "":
		data, err := readKeyFile(o.jwks)
		if err != nil {
			return nil, err
		}
		set, err := jose.ParseSet(data)
		if err != nil {
			return nil, keyFileError(o.jwks, err)
		}
		for _, skipped := range set.Skipped() {
			a.warn("a key of the set is not used: " + skipped.Error())
		}
		return set, nil
	case o.hmac != "":
		if o.alg == "" {
			return nil, usagef("--hmac-key-file needs --alg HS256, HS384 or HS512")
		}
		data, err := readKeyFile(o.hmac)
		if err != nil {
			return nil, err
		}
		key, err := jose.HMACKey(trimNewline(data), o.alg)
		if err != nil {
			return nil, keyFileError(o.hmac, err)
		}
		return jose.NewSet(key), nil
	}
	return nil, usagef("verify needs a key: --local, --key, --jwks or --hmac-key-file").hint("socialauth verify --help")
}

// maxKeyFile is the largest key file that is read, in bytes (K17).
const maxKeyFile = 1 << 20

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usagef("the key cannot be read: %v", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, usagef("%s is not a key file: it must be a regular file of at most 1 MiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("the key cannot be read: %v", err)
	}
	return data, nil
}

// parseKey takes a JWK or a PEM block.
func parseKey(data []byte, alg string) (*jose.Key, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return jose.ParseJWK(data)
	}
	return jose.ParsePEM(data, alg)
}

func keyFileError(path string, err error) error {
	return &Error{Exit: exitUsage, Code: "key", Message: fmt.Sprintf("%s: %v", path, err), Err: err}
}

func trimNewline(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}

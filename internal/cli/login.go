package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/account"
	"github.com/socialauth/socialauth/internal/browser"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
)

type loginOptions struct {
	client      clientFlags
	account     string
	scopes, add []string
	port        int
	redirectURI string
	timeout     time.Duration
	params      []string
	loginHint   string
	expectSub   string
	noBrowser   bool
	jwt, noJWT  bool
	keyringJWT  bool
}

const loginLong = `Sign in with the browser and keep the tokens.

PROVIDER is a preset (see: socialauth provider list), a provider of your own, or the
URL of an OpenID Connect issuer. The app's client id and secret come from
SOCIALAUTH_<PROVIDER>_CLIENT_ID and _CLIENT_SECRET, from config.toml, or from the
flags; no flag takes the secret itself.

Where the tokens will be kept is tried out before the browser opens. With
--no-browser the URL is printed, and the sign-in ends with the redirect to this
machine or with the redirect URL pasted here, whichever comes first.

Exit status: 3 nobody can be asked here, 4 refused for safety, 5 provider or network,
6 no place to keep the tokens or the port is taken, 7 declined or no answer in time.`

func (a *App) newLoginCmd() *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use: "login [PROVIDER|ISSUER]", Short: "Sign in and keep the tokens", Long: loginLong,
		Example: "  socialauth login facebook\n  socialauth login google --account work --scope openid,email\n" +
			"  socialauth login https://id.example.com --client-id native --no-browser",
		Args: oneArg("a provider or an issuer URL"), ValidArgsFunction: a.completeProviders,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runLogin(cmd.Context(), args[0], o) },
	}
	f := cmd.Flags()
	o.client.add(f)
	f.StringVar(&o.account, "account", "", "name of the account, when you have several at one provider")
	f.StringSliceVar(&o.scopes, "scope", nil, "scopes to ask for, instead of the provider's usual ones")
	f.StringSliceVar(&o.add, "add-scope", nil, "scopes to ask for on top of what the account has")
	f.IntVar(&o.port, "port", 0, "port of the redirect (0: the provider's rule)")
	f.StringVar(&o.redirectURI, "redirect-uri", "", "the whole redirect_uri, as registered")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait for the person")
	f.StringArrayVar(&o.params, "auth-param", nil, "a further parameter `k=v` of the authorization request")
	f.StringVar(&o.loginHint, "login-hint", "", "who is expected to sign in, for the provider's page")
	f.StringVar(&o.expectSub, "expect-sub", "", "refuse anybody but this subject")
	f.BoolVar(&o.noBrowser, "no-browser", false, "print the URL; take the redirect or a pasted redirect URL")
	f.BoolVar(&o.jwt, "jwt", false, "mint a JWT about the person (the default)")
	f.BoolVar(&o.noJWT, "no-jwt", false, "mint none")
	f.BoolVar(&o.keyringJWT, "keyring-jwt", false, "put the minted JWT into the OS keyring too, as jwt:ACCOUNT")
	cmd.MarkFlagsMutuallyExclusive("jwt", "no-jwt")
	cmd.MarkFlagsMutuallyExclusive("keyring-jwt", "no-jwt")
	return cmd
}

func (a *App) runLogin(ctx context.Context, what string, o loginOptions) error {
	if o.timeout <= 0 {
		return usagef("--timeout must be longer than nothing")
	}
	params, err := pairs("--auth-param", o.params)
	if err != nil {
		return err
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	t, err := a.loginTarget(ctx, w, what, o)
	if err != nil {
		return err
	}
	silent := o.noBrowser || a.Open == nil && a.opener().None()
	if err := a.mayOpen(silent, t.ref); err != nil {
		return err
	}
	client, err := a.client(w, t.ref, t.provider, o.client, o.redirectURI, o.port, o.scopes)
	if err != nil {
		return err
	}
	if w, err = a.settle(ctx, w); err != nil {
		return err
	}
	pasted, stop := a.pastedURLs(silent)
	defer stop()
	done, err := w.accounts.SignIn(ctx, account.SignIn{
		Account: t.ref, Provider: t.provider, Discovered: t.discovered,
		ClientID: client.id.Value, ClientSecret: client.secret, Port: o.port, RedirectURI: client.redirectURI.Value,
		Scopes: client.scopes.Value, AddScopes: splitAll(o.add), Params: params, LoginHint: o.loginHint,
		ExpectSub: o.expectSub, Timeout: o.timeout, JWT: w.loginMint(o), Pasted: pasted,
		Show:   func(ctx context.Context, url, redirect string) error { return a.show(ctx, silent, url, redirect) },
		Notice: func(text string) { a.note("socialauth: %s", plain.Cut(text, plain.MaxRemote)) },
	})
	if err != nil {
		return loginFailed(t.ref, o.timeout, silent, err)
	}
	return a.reportLogin(done)
}

// target is what a login is about.
type target struct {
	ref        account.Ref
	provider   *provider.Provider
	discovered bool
}

func (a *App) loginTarget(ctx context.Context, w *world, what string, o loginOptions) (*target, error) {
	name := what
	if _, named, found := strings.Cut(what, "/"); found && !account.IsIssuer(what) && o.account != "" && named != o.account {
		return nil, usagef("the account is called %q in the argument and %q in --account", named, o.account)
	}
	ref, err := account.ParseRef(name)
	if err != nil {
		return nil, err
	}
	if o.account != "" {
		// --account takes a bare name or the whole provider/name.
		ref.Name = strings.TrimPrefix(o.account, ref.Provider+"/")
		if ref, err = account.ParseRef(ref.String()); err != nil {
			return nil, err
		}
	}
	if issuer := w.issuerOf(what, ref); issuer != "" {
		p, err := oauth.Discover(ctx, w.http, issuer)
		if err != nil {
			return nil, err
		}
		return &target{ref: ref, provider: p, discovered: true}, w.sameIssuer(ref, p)
	}
	p, err := a.provider(w.paths, ref.Provider)
	if err != nil {
		return nil, err
	}
	return &target{ref: ref, provider: p}, nil
}

// issuerOf is the issuer to discover: the one that was named, or that of an
// account which was signed in to by its issuer. Presets have none here.
func (w *world) issuerOf(what string, ref account.Ref) string {
	if account.IsIssuer(what) {
		return what
	}
	if info, err := w.accounts.Info(ref); err == nil && info.Discovered {
		return info.Issuer
	}
	return ""
}

// sameIssuer keeps two issuers on one host from taking each other's account,
// which is named after the host (S17).
func (w *world) sameIssuer(ref account.Ref, p *provider.Provider) error {
	info, err := w.accounts.Info(ref)
	if err != nil || info.Issuer == p.Issuer {
		return nil //nolint:nilerr // no account, no conflict
	}
	return usagef("the account %s belongs to the issuer %s", ref, info.Issuer).
		hint("give this one a name: --account NAME")
}

// opener is the browser as BROWSER says.
func (a *App) opener() browser.Opener { return browser.Opener{Command: a.Env("BROWSER")} }

// mayOpen refuses to start what nobody would see: a browser from cron, from CI
// or from a hook (B15). A program in BROWSER is somebody's decision.
func (a *App) mayOpen(silent bool, ref account.Ref) error {
	if silent || a.Open != nil || a.opener().Explicit() || !a.noInput() && a.Env("GIT_TERMINAL_PROMPT") != "0" {
		return nil
	}
	return (&Error{
		Exit: exitSignIn, Code: "interaction_required",
		Message: "signing in needs a person and a browser, and there is no terminal here",
	}).hint("run it in a terminal: socialauth login %s", ref).
		hint("or open the URL elsewhere: socialauth login %s --no-browser", ref)
}

// show gives the URL to the person.
func (a *App) show(ctx context.Context, silent bool, url, redirect string) error {
	safe, err := browser.Check(url)
	if err != nil {
		return err
	}
	if silent {
		a.note("Open this URL to sign in:\n\n  %s\n", safe)
		a.note("Waiting for the redirect to %s", plain.Escape(redirect))
		a.note("or paste the address your browser ends up at, then press Enter:")
		return nil
	}
	a.note("Opening %s in your browser; Ctrl-C to cancel.", hostOf(safe))
	open := a.Open
	if open == nil {
		open = a.opener().Open
	}
	// In the background: an opener may stay for as long as the browser does,
	// and the redirect may come before it has ended (B05). Without an opener
	// the sign-in goes on by hand.
	go func() {
		if err := open(ctx, safe); err != nil && ctx.Err() == nil {
			a.warn("the browser could not be started: " + err.Error())
			a.note("Open this URL to sign in:\n\n  %s\n", safe)
		}
	}()
	return nil
}

// maxPasted is the longest line that is read as a pasted URL.
const maxPasted = 64 << 10

// pastedURLs reads lines from stdin. The reader ends with the process: there
// is no portable way to take back a read from a terminal.
func (a *App) pastedURLs(wanted bool) (lines <-chan string, stop func()) {
	if !wanted || a.Stdin == nil {
		return nil, func() {}
	}
	ch, done := make(chan string), make(chan struct{})
	go func() {
		scan := bufio.NewScanner(io.LimitReader(a.Stdin, 100*maxPasted))
		scan.Buffer(nil, maxPasted)
		for scan.Scan() {
			line := strings.TrimSpace(scan.Text())
			if line == "" {
				continue
			}
			select {
			case ch <- line:
			case <-done:
				return
			}
		}
	}()
	return ch, func() { close(done) }
}

// loginMint is the JWT a sign-in mints, or nil for none.
func (w *world) loginMint(o loginOptions) *account.Mint {
	if o.noJWT || !o.jwt && !o.keyringJWT && w.file.JWT.Login != nil && !*w.file.JWT.Login {
		return nil
	}
	m := w.mintDefaults()
	m.Keyring = m.Keyring || o.keyringJWT
	return &m
}

// reportLogin says who signed in and what they did not grant (A13, T16).
func (a *App) reportLogin(done *account.SignedIn) error {
	for _, text := range done.Warnings {
		a.warn(text)
	}
	if a.flags.json {
		return a.printJSON(a.statusOf(&account.Info{Account: done.Account, Meta: done.Meta}, done.Storage))
	}
	style, id := term.NewStyle(a.Term.StderrColor), done.Meta.Identity
	a.note("%s Signed in to %s as %s (sub %s) at %s.", style.Good("✓"), style.Name(done.Account.String()),
		style.Bold(plain.Cut(id.Display(), 80)), plain.Cut(id.Sub, 80), hostOf(done.Meta.Server))
	a.note("  kept in: %s; print the token with: socialauth token print %s", storageWords(done.Storage), done.Account)
	return nil
}

// loginFailed adds what only this command knows: how long it waited, and for
// whom. Who was shown the URL needs no hint to it.
func loginFailed(ref account.Ref, timeout time.Duration, shown bool, err error) error {
	if !errors.Is(err, oauth.ErrNoAnswer) {
		return err
	}
	e := &Error{Exit: exitPerson, Code: "no_answer", Err: err, Message: "no answer within " + timeout.String()}
	if shown {
		return e
	}
	return e.hint("open the URL yourself: socialauth login %s --no-browser", ref)
}

package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/socialauth/socialauth/internal/httpx"
	"github.com/socialauth/socialauth/internal/oauth"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/vault"
)

// failureMemory is how long a failed renewal keeps others from trying the same
// again (R09).
const failureMemory = 30 * time.Second

// renewLimit is how long a caller waits for whoever is renewing.
const renewLimit = 75 * time.Second

// purposeRenew and purposeLogin name what only one process does at a time.
const (
	purposeRenew = "renew"
	purposeLogin = "login"
)

// Job is one renewal, as it is handed to a worker.
type Job struct {
	Account string `json:"account"`
	Type    string `json:"type"`
	Force   bool   `json:"force,omitempty"`
	// Seen identifies the tokens that the caller found not good enough: when
	// there are others meanwhile, the job has been done.
	Seen string `json:"seen"`
	// MinValidity as in [TokenRequest].
	MinValidity *time.Duration `json:"min_validity,omitempty"`
}

func (j Job) request() TokenRequest {
	return TokenRequest{Type: j.Type, Force: j.Force, MinValidity: j.MinValidity}
}

// Renewal is what a renewal came to.
type Renewal struct {
	// Renewed: the provider gave new tokens.
	Renewed  bool     `json:"renewed,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Unsaved is the new access token if it could not be saved: the caller may
	// still use it, once.
	Unsaved   string    `json:"unsaved,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Failure is the last renewal that failed, kept with the account.
type Failure struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	// Ended: only a new sign-in helps.
	Ended bool `json:"ended,omitempty"`
}

// Attempt notes a renewal whose answer has not been saved: written before the
// refresh token is sent, and gone with the next save (R07).
type Attempt struct {
	Started time.Time `json:"started"`
	// Token is a hash of the refresh token that was sent.
	Token string `json:"token"`
}

// errBusy ends waiting for a renewal that the caller can do without.
var errBusy = errors.New("somebody else is renewing it")

// renew has the tokens renewed and returns what the caller wants. Among the
// processes that meet the same expired token one has it renewed and the others
// wait for what it gets; a caller whose token is still good does not wait (R03).
func (s *Service) renew(ctx context.Context, ref Ref, e *entry, p *provider.Provider, r TokenRequest, n need) (*Token, error) {
	job := Job{Account: ref.String(), Type: r.Type, Force: r.Force, MinValidity: r.MinValidity, Seen: tokensHash(e)}
	waiting, cancel := context.WithTimeout(ctx, renewLimit)
	defer cancel()
	var (
		done    *Renewal
		refused error
	)
	err := s.Vault.Alone(waiting, recordName(ref), purposeRenew, func(int) error {
		if n == welcome || n == due && r.MinValidity == nil && !r.Force {
			return errBusy
		}
		return nil
	}, func() error {
		latest, err := s.load(ctx, ref)
		if err != nil {
			return err
		}
		if s.settled(latest, p, job) {
			return nil
		}
		if refused = s.failedLately(ref, latest, job); refused == nil {
			done, refused = s.work(ctx, job)
		}
		return nil
	})
	if errors.Is(err, errBusy) {
		return s.present(ref, e, r, n)
	}
	if err != nil {
		return nil, err
	}
	if e, err = s.load(ctx, ref); err != nil {
		return nil, err
	}
	return s.afterRenewal(ref, e, p, r, done, refused)
}

// work renews in a worker that survives this process, or here if there is none.
func (s *Service) work(ctx context.Context, job Job) (*Renewal, error) {
	if s.Worker != nil {
		return s.Worker(ctx, job)
	}
	return s.RenewHere(ctx, job)
}

// settled reports whether the job has been done by somebody else. The times in
// the record have no say in it: the clock may have been set since (R16).
func (s *Service) settled(e *entry, p *provider.Provider, job Job) bool {
	if tokensHash(e) != job.Seen {
		return true
	}
	return !job.Force && s.judge(e, p, job.request()) == fresh
}

// RenewHere renews in this process, under the account's lock from the first
// look to the last save: read again, note the attempt (which proves that disk,
// quota and key work while the old token is still good, R06), send one request,
// save. From the note on nothing stops it: a cancelled context is ignored.
func (s *Service) RenewHere(ctx context.Context, job Job) (*Renewal, error) {
	ref, err := ParseRef(job.Account)
	if err != nil {
		return nil, err
	}
	var done *Renewal
	err = s.Vault.Hold(ctx, recordName(ref), func(h *vault.Held) error {
		rec, err := h.Get()
		if err != nil {
			return notSignedIn(ref, err) // signed out meanwhile: do not bring it back (R10)
		}
		e, err := decodeEntry(ref, rec)
		if err != nil {
			return err
		}
		p, err := s.bound(ref, e)
		if err != nil || s.settled(e, p, job) {
			return err
		}
		if err := s.mayRenew(ref, e, p, job); err != nil {
			return err
		}
		done, err = s.renewHeld(context.WithoutCancel(ctx), h, ref, e, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	if done == nil {
		done = &Renewal{}
	}
	return done, nil
}

// mayRenew refuses what would be of no use or would do harm.
func (s *Service) mayRenew(ref Ref, e *entry, p *provider.Provider, job Job) error {
	switch err := s.failedLately(ref, e, job); {
	case !e.meta.Renewable:
		return &SignInAgainError{Account: ref, Reason: "its token cannot be renewed without you"}
	case err != nil:
		return err
	case !job.Force:
		return cutOff(ref, e, p)
	}
	return nil
}

// failedLately keeps a crowd from asking again and again (R09).
func (s *Service) failedLately(ref Ref, e *entry, job Job) error {
	now, f := s.Now(), e.meta.Failure
	if f != nil && !job.Force && now.Sub(f.At) < failureMemory && !now.Before(f.At) {
		return &RecentFailureError{Account: ref, Failure: *f}
	}
	return nil
}

// cutOff is the error for an account whose refresh token may be used up: a note
// says that it was sent, and nothing says what came of it. Sending it again could
// be taken for theft, and would then end even what still works.
func cutOff(ref Ref, e *entry, p *provider.Provider) error {
	a := e.meta.Attempt
	if a == nil || p.Rotation != provider.RotationAlways || a.Token != tokenHash(e) {
		return nil
	}
	return &SignInAgainError{Account: ref, Reason: fmt.Sprintf(
		"a renewal that began at %s was cut off before its answer was saved, and %s takes a refresh token once",
		a.Started.UTC().Format(time.RFC3339), p.Name)}
}

// renewHeld spends the refresh token. The caller holds the account's lock.
func (s *Service) renewHeld(ctx context.Context, h *vault.Held, ref Ref, e *entry, p *provider.Provider) (*Renewal, error) {
	e.meta.Attempt = &Attempt{Started: s.Now().UTC().Round(0), Token: tokenHash(e)}
	if err := s.put(h, ref, e); err != nil {
		return nil, err
	}
	answer, err := s.client(p, e.meta.ClientID, e.secrets.clientSecret).Refresh(ctx, e.tokens())
	if err != nil {
		return nil, s.renewalFailed(h, ref, e, err)
	}
	e.secrets.previous = e.secrets.refreshToken
	e.setTokens(answer, p)
	e.meta.Attempt, e.meta.Failure = nil, nil
	done := &Renewal{Renewed: true, Warnings: answer.Warnings}
	if err := s.put(h, ref, e); err != nil {
		// The provider has given, the disk has not taken. What was given is
		// good once; the note on the disk tells the next run what happened.
		done.Unsaved, done.ExpiresAt = answer.AccessToken.Reveal(), answer.ExpiresAt
		done.Warnings = append(done.Warnings, fmt.Sprintf("the new tokens could not be saved (%v); the next run may need a sign-in", err))
	}
	return done, nil
}

func (s *Service) put(h *vault.Held, ref Ref, e *entry) error {
	rec, err := e.record(ref)
	if err != nil {
		return err
	}
	_, err = h.Put(rec)
	return err
}

// renewalFailed remembers a failure for those who come next. Where it is
// certain that the token was not used up, the note of the attempt goes.
func (s *Service) renewalFailed(h *vault.Held, ref Ref, e *entry, cause error) error {
	err := ended(ref, "the provider refused to renew it", cause)
	var again *SignInAgainError
	isEnded := errors.As(err, &again)
	if isEnded {
		// Somebody who knows nothing of our lock may have changed the record.
		if rec, getErr := h.Get(); getErr == nil {
			if now, decErr := decodeEntry(ref, rec); decErr == nil && tokenHash(now) != tokenHash(e) {
				return nil
			}
		}
	}
	if !maybeSpent(cause) {
		e.meta.Attempt = nil
	}
	e.meta.Failure = &Failure{At: s.Now().UTC().Round(0), Reason: reason(cause), Ended: isEnded}
	if putErr := s.put(h, ref, e); putErr != nil {
		return errors.Join(err, putErr)
	}
	if isEnded {
		return err
	}
	return fmt.Errorf("renew the token of %s: %w", ref, err)
}

// maybeSpent reports whether a refresh token that was sent may have been used
// up although no new one came: the answer was lost, or could not be read.
func maybeSpent(err error) bool {
	var (
		network  *httpx.Error
		protocol *oauth.ProtocolError
		large    *httpx.TooLargeError
	)
	switch {
	case errors.As(err, &network):
		return network.Phase == "wait for the answer" || network.Phase == "read the answer"
	case errors.As(err, &protocol), errors.As(err, &large):
		return true
	}
	return false
}

// tokenHash identifies the token that a renewal sends without revealing it.
func tokenHash(e *entry) string {
	t := e.secrets.refreshToken
	if t.IsZero() {
		t = e.secrets.accessToken // fb_exchange_token
	}
	return shortHash(t.Reveal())
}

// tokensHash identifies what the provider gave last.
func tokensHash(e *entry) string {
	return shortHash(e.secrets.accessToken.Reveal() + "\x00" + e.secrets.refreshToken.Reveal() + "\x00" + e.secrets.idToken.Reveal())
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// afterRenewal decides what the caller gets. A token that is still good is
// better than an error, unless the caller asked for more than it has.
func (s *Service) afterRenewal(ref Ref, e *entry, p *provider.Provider, r TokenRequest, done *Renewal, refused error) (*Token, error) {
	if done != nil && done.Unsaved != "" && r.Type == Access {
		return unsaved(ref, e, done), nil
	}
	if f, a := e.meta.Failure, e.meta.Attempt; refused != nil && a != nil && (f == nil || f.At.Before(a.Started)) {
		// The note stands and no failure was put down: the worker itself was killed.
		refused = cmp.Or(cutOff(ref, e, p), refused)
	}
	n := s.judge(e, p, TokenRequest{Type: r.Type, MinValidity: r.MinValidity})
	if refused != nil && (r.Force || n == over || n == due && r.MinValidity != nil) {
		return nil, refused
	}
	renewed := done != nil && done.Renewed
	if renewed && r.Type == ID && n == over {
		return nil, &SignInAgainError{Account: ref, Reason: "the ID token has expired and the provider gave no new one"}
	}
	t, err := s.present(ref, e, r, n)
	if err != nil {
		return nil, err
	}
	if renewed {
		t.Renewed = true
		t.Warnings = append(t.Warnings, done.Warnings...)
	}
	if refused != nil && n != unknown {
		t.Warnings = append(t.Warnings, fmt.Sprintf("could not renew the token of %s, which is good until %s: %s",
			ref, e.meta.ExpiresAt.UTC().Format(time.RFC3339), reason(refused)))
	}
	return t, nil
}

// reason is a failure in a few words, for a warning or for those who come next.
func reason(err error) string {
	var (
		again   *SignInAgainError
		recent  *RecentFailureError
		server  *oauth.ServerError
		network *httpx.Error
	)
	switch {
	case errors.As(err, &recent):
		return recent.Failure.Reason
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &server):
		return server.Error()
	case errors.As(err, &again):
		return again.Reason
	}
	return err.Error()
}

// ended turns an answer that only a new sign-in can help with into a
// [*SignInAgainError]; any other error stays what it is.
func ended(ref Ref, reason string, err error) error {
	var server *oauth.ServerError
	if errors.As(err, &server) && server.SignInNeeded() {
		return &SignInAgainError{Account: ref, Reason: reason, Err: err}
	}
	return err
}

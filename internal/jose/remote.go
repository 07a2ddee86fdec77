package jose

import (
	"context"
	"sync"
	"time"
)

const (
	setFresh    = time.Hour        // after this a set is fetched again
	setMaxStale = 24 * time.Hour   // after this it is not used even if that fails (row K11)
	setCooldown = 30 * time.Second // at least this long between two fetches (row K09)
)

// RemoteSet is a [KeySource] that fetches a JWK set when it is needed and keeps
// it. However many tokens with unknown keys arrive, there is one fetch at a time
// and 30 seconds between two of them; a key that was published meanwhile is seen
// after that time. While the endpoint is down the last set is used for a day.
//
// Shared secrets in the set are never used, and of private keys only the public
// half (row K06).
type RemoteSet struct {
	fetch func(context.Context) ([]byte, error)
	now   func() time.Time

	mu      sync.Mutex
	set     *Set
	fetched time.Time     // when set arrived
	tried   time.Time     // when the last fetch ended
	err     error         // of the last fetch
	running chan struct{} // closed when the fetch under way has ended
}

// NewRemoteSet makes a set that is read with fetch, which must have a time limit
// and a size limit of its own and check the host. It is not called before the
// first token. If a caller goes away its fetch still runs to the end, for the
// others.
func NewRemoteSet(fetch func(ctx context.Context) ([]byte, error), now func() time.Time) *RemoteSet {
	return &RemoteSet{fetch: fetch, now: now}
}

// Keys implements [KeySource]. The error is that of fetch, or a *[KeyError] if
// what came is no JWK set.
func (r *RemoteSet) Keys(ctx context.Context, kid, alg string) ([]*Key, error) {
	r.mu.Lock()
	set, err := r.usable()
	wanted := set == nil || r.now().Sub(r.fetched) >= setFresh || kid != "" && !set.has(kid)
	r.mu.Unlock()
	if wanted {
		if waitErr := r.refresh(ctx); waitErr != nil {
			return nil, waitErr
		}
		r.mu.Lock()
		set, err = r.usable()
		r.mu.Unlock()
	}
	if set == nil {
		return nil, err
	}
	return set.find(kid, alg), nil
}

// usable returns the set unless it is too old, and else the last error.
func (r *RemoteSet) usable() (*Set, error) {
	if r.set == nil || r.now().Sub(r.fetched) >= setMaxStale {
		return nil, r.err
	}
	return r.set, nil
}

// refresh fetches, or waits for the fetch under way, or does nothing if the last
// one is less than the cooldown ago. It fails only if ctx ends.
func (r *RemoteSet) refresh(ctx context.Context) error {
	r.mu.Lock()
	if r.running == nil {
		if !r.tried.IsZero() && r.now().Sub(r.tried) < setCooldown {
			r.mu.Unlock()
			return nil
		}
		r.running = make(chan struct{})
		go r.run(context.WithoutCancel(ctx), r.running)
	}
	running := r.running
	r.mu.Unlock()
	select {
	case <-running:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *RemoteSet) run(ctx context.Context, done chan struct{}) {
	data, err := r.fetch(ctx)
	var set *Set
	if err == nil {
		set, err = parseRemote(data)
	}
	r.mu.Lock()
	r.tried, r.err, r.running = r.now(), err, nil
	if err == nil {
		r.set, r.fetched = set, r.tried
	}
	r.mu.Unlock()
	close(done)
}

func parseRemote(data []byte) (*Set, error) {
	set, err := ParseSet(data)
	if err != nil {
		return nil, err
	}
	set.dropSymmetric("a shared secret in a published set")
	for i, k := range set.keys {
		if k.IsPrivate() {
			set.keys[i] = k.Public()
			set.skipped = append(set.skipped, &KeyError{k.kid, "its private part is published; it is not used"})
		}
	}
	return set, nil
}

// Skipped says what was left out of the set that was fetched last.
func (r *RemoteSet) Skipped() []*KeyError {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set == nil {
		return nil
	}
	return r.set.Skipped()
}

package vault

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Service is the service name of every keyring item of this program. Items of
// other services are never read, written or removed (row S16).
const Service = "socialauth"

// Keyring is a place for small secrets. The vault keeps its key in one item, and
// callers may keep items of their own beside it, such as a minted JWT.
//
// Get and Delete return [ErrNotFound] for a missing item. Set replaces. Errors
// are the package's sentinels or types, usually wrapped in *[KeyringError].
type Keyring interface {
	Get(ctx context.Context, service, user string) (string, error)
	Set(ctx context.Context, service, user, value string) error
	Delete(ctx context.Context, service, user string) error
}

// The deadlines of [SystemKeyring] where its options have none. Reading a key
// took 0.1 s among 50 busy processes; a first write makes the keyring rewrite
// itself and may take seconds; a person needs a while to type a password.
const (
	DefaultReadTimeout   = 5 * time.Second
	DefaultWriteTimeout  = 30 * time.Second
	DefaultPromptTimeout = 2 * time.Minute
)

// SystemKeyringOptions adapts the system's keyring to where the program runs.
type SystemKeyringOptions struct {
	// Getenv reads the environment; on Linux DBUS_SESSION_BUS_ADDRESS is asked for.
	// Nil is an empty environment.
	Getenv func(string) string
	// Prompt, if not nil, says that somebody is there to answer a question of the
	// keyring's own, on this screen. It is called when the keyring is about to ask
	// (Linux) or may be asking (macOS: it has not answered by ReadTimeout), to tell
	// the person to look for it. With nil nothing ever prompts on Linux: a locked
	// keyring is ErrKeyringLocked.
	Prompt func()

	ReadTimeout, WriteTimeout, PromptTimeout time.Duration // 0 = the defaults
}

// backend is go-keyring, or its stand-in in a test.
type backend interface {
	Get(service, user string) (string, error)
	Set(service, user, value string) error
	Delete(service, user string) error
}

// platform is what differs between the systems' keyrings.
type platform struct {
	goos string
	// preflight says whether the keyring can be called without a person having
	// to answer. Any error is final; ErrKeyringLocked may be overruled by Prompt.
	preflight func(ctx context.Context) error
	// classify turns the backend's error into one of ours.
	classify func(error) error
	// asks says that the system itself may put a question on the screen during any
	// call, and that nobody can know beforehand.
	asks bool
	// verify reads an item back after it was set, where the backend's success
	// cannot be trusted.
	verify bool
}

// systemKeyring is the keyring of the operating system behind deadlines. The
// library has none: a prompt that nobody answers, or a stopped daemon, would
// block it for ever.
type systemKeyring struct {
	opts SystemKeyringOptions
	back backend
	plat platform

	mu        sync.Mutex
	abandoned int // calls that were given up on and have not come back
}

// SystemKeyring returns the keyring of the operating system. Nothing is touched
// until its first use.
func SystemKeyring(o SystemKeyringOptions) Keyring {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	return newSystemKeyring(o, goKeyring{}, systemPlatform(o))
}

func newSystemKeyring(o SystemKeyringOptions, b backend, p platform) *systemKeyring {
	for _, d := range []struct {
		to *time.Duration
		is time.Duration
	}{{&o.ReadTimeout, DefaultReadTimeout}, {&o.WriteTimeout, DefaultWriteTimeout}, {&o.PromptTimeout, DefaultPromptTimeout}} {
		if *d.to == 0 {
			*d.to = d.is
		}
	}
	return &systemKeyring{opts: o, back: b, plat: p}
}

// Get returns the value of an item.
func (k *systemKeyring) Get(ctx context.Context, service, user string) (string, error) {
	return k.call(ctx, request{"read", service, user, k.opts.ReadTimeout}, func() (string, error) {
		return k.back.Get(service, user)
	})
}

// Set stores a value of one line. Its size is checked first, so that a value too
// big for this system is refused before the keyring is touched (row S03).
func (k *systemKeyring) Set(ctx context.Context, service, user, value string) error {
	r := request{"write", service, user, k.opts.WriteTimeout}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return r.failed(ErrNotOneLine)
	}
	if limit := MaxItem(k.plat.goos, service, user); limit >= 0 && len(value) > limit {
		return r.failed(&TooBigError{Limit: limit, Size: len(value)})
	}
	_, err := k.call(ctx, r, func() (string, error) { return "", k.back.Set(service, user, value) })
	if err != nil || !k.plat.verify {
		return err
	}
	back, err := k.Get(ctx, service, user)
	if err == nil && back != value {
		err = r.failed(errNotKept)
	}
	return err
}

// Delete removes an item; ErrNotFound says that there was none.
func (k *systemKeyring) Delete(ctx context.Context, service, user string) error {
	_, err := k.call(ctx, request{"delete", service, user, k.opts.WriteTimeout}, func() (string, error) {
		return "", k.back.Delete(service, user)
	})
	return err
}

// request is one call as the errors tell of it.
type request struct {
	op, service, user string
	limit             time.Duration
}

func (r request) failed(err error) error {
	e := &KeyringError{Op: r.op, Item: r.service + "/" + r.user, Err: err}
	if isTimeout(err) {
		e.Waited = r.limit
	}
	return e
}

// call runs one operation of the backend under a deadline.
//
// While a call that was given up on is still out there, no other is begun: it may
// yet be carried out, and two writers would then race inside one process.
func (k *systemKeyring) call(ctx context.Context, r request, fn func() (string, error)) (string, error) {
	if k.waiting() {
		return "", r.failed(ErrKeyringTimeout)
	}
	prompting, err := k.ready(ctx)
	if err != nil {
		return "", r.failed(err)
	}
	var notice func()
	switch {
	case prompting:
		r.limit = k.opts.PromptTimeout
	case k.plat.asks && k.opts.Prompt != nil:
		notice = k.opts.Prompt
	}
	value, err := k.bounded(ctx, r.limit, notice, fn)
	switch {
	case err == nil:
		return value, nil
	case isTimeout(err), ctx.Err() != nil:
		return "", r.failed(err)
	}
	err = k.plat.classify(err)
	if prompting && isLocked(err) {
		err = ErrKeyringDeclined // it could ask, it asked, and it is still locked
	}
	if errors.Is(err, ErrNotFound) {
		return "", ErrNotFound
	}
	return "", r.failed(err)
}

// ready runs the preflight and decides whether the keyring may prompt.
func (k *systemKeyring) ready(ctx context.Context) (prompting bool, err error) {
	if k.plat.preflight == nil {
		return false, nil
	}
	_, err = k.bounded(ctx, k.opts.ReadTimeout, nil, func() (string, error) {
		bound, cancel := context.WithTimeout(ctx, k.opts.ReadTimeout)
		defer cancel()
		return "", k.plat.preflight(bound)
	})
	if isLocked(err) && k.opts.Prompt != nil {
		k.opts.Prompt()
		return true, nil
	}
	return false, err
}

func (k *systemKeyring) waiting() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.abandoned > 0
}

func (k *systemKeyring) count(d int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.abandoned += d
}

type answer struct {
	value string
	err   error
}

// bounded runs fn in a goroutine of its own and waits for it no longer than
// limit. With notice, the limit passing first calls that and then goes on
// waiting for as long as a person may need. A panic in fn (the library trusts
// what the bus says) becomes an error.
func (k *systemKeyring) bounded(ctx context.Context, limit time.Duration, notice func(), fn func() (string, error)) (string, error) {
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- answer{err: errNonsense}
			}
		}()
		value, err := fn()
		done <- answer{value, err}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	err := ErrKeyringTimeout
	for waiting := true; waiting; {
		select {
		case a := <-done:
			return a.value, a.err
		case <-timer.C:
			if waiting = notice != nil; waiting {
				notice()
				notice = nil
				timer.Reset(k.opts.PromptTimeout)
			}
		case <-ctx.Done():
			waiting = false
			if e := ctx.Err(); !isTimeout(e) {
				err = e
			}
		}
	}
	k.count(1)
	go func() {
		<-done
		k.count(-1)
	}()
	return "", err
}

// MaxItem returns how many bytes a value for this item may have on the system
// goos (as in runtime.GOOS), or -1 where there is no limit worth naming. It is
// a pure function, so that every system's limit can be tested on any.
//
// Windows: 2,560 bytes, CRED_MAX_CREDENTIAL_BLOB_SIZE. macOS: the value goes to
// /usr/bin/security in base64 on a command line of at most 4,096 bytes, together
// with the names.
func MaxItem(goos, service, user string) int {
	switch goos {
	case "windows":
		return 2560
	case "darwin":
		const line, command, prefix = 4096, "add-generic-password -U -s  -a  -w \n", "go-keyring-base64:"
		free := line - len(command) - len(prefix) - quotedLen(service) - quotedLen(user)
		return max(free, 0) / 4 * 3
	default:
		return -1
	}
}

// MaxItemHere is [MaxItem] for the system that the program runs on.
func MaxItemHere(service, user string) int { return MaxItem(runtime.GOOS, service, user) }

// quotedLen is the length of s as one word of a shell: as it is if all of it is
// harmless, else in single quotes, a single quote as five characters.
func quotedLen(s string) int {
	harmless := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_@%+=:,./-", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !harmless(r) }) {
		return len(s)
	}
	return len(s) + 2 + 4*strings.Count(s, "'")
}

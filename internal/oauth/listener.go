package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of the listener (L12, L17, L18, L23).
const (
	// headerLimit: net/http adds 4 KiB of slack of its own to it.
	headerLimit       = 32<<10 - 4<<10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	maxConnections    = 64
	holdAnswer        = 10 * time.Second
	drainLimit        = time.Second
	// drainClosed is how long a browser that hung up after the redirect may
	// take to come back on another connection.
	drainClosed = 100 * time.Millisecond
)

// Listener waits on loopback for one browser to come back.
type Listener struct {
	redirectURI string
	path        string
	hosts       []string
	sockets     []net.Listener
	conns       *connTable
	answers     chan *answered
	hold        time.Duration

	mu      sync.Mutex
	attempt *Attempt
	notice  func(string)
	ignored int
	outcome *page // nil until the sign-in ended or took too long
	server  *http.Server
	closed  bool
	held    bool // a browser brought the answer

	once  sync.Once
	shown chan struct{} // closed when the page after the callback was served
}

// answered is a callback that passed [Attempt.Check], or a "no" that did.
type answered struct {
	response *Response
	err      error
	done     chan struct{} // closed when the outcome is known
}

func newListener(sockets []net.Listener, redirectURI, path string, hosts []string) *Listener {
	return &Listener{
		redirectURI: redirectURI, path: path, hosts: hosts, sockets: sockets,
		conns: newConnTable(maxConnections), answers: make(chan *answered, 1),
		hold: holdAnswer, shown: make(chan struct{}),
	}
}

// RedirectURI is the exact redirect_uri to send and, for a fixed port, to register.
func (l *Listener) RedirectURI() string { return l.redirectURI }

// Local reports whether the browser can reach this listener. If not, the
// redirect URI is an https one and only a pasted URL can bring the answer.
func (l *Listener) Local() bool { return len(l.sockets) > 0 }

// WaitOptions are the parts of one wait.
type WaitOptions struct {
	// Attempt judges the callbacks; required.
	Attempt *Attempt
	// Pasted brings redirect URLs a person typed in; nil if nobody is asked. It
	// may be closed.
	Pasted <-chan string
	// Finish does what must have worked before the browser is told so: exchange,
	// profile, save. It runs once. Its context ends when the caller's is
	// cancelled, but not at the caller's deadline, which limits only the wait.
	Finish func(context.Context, *Response) error
	// Notice gets one line of fixed, printable text for each callback or pasted
	// text that is ignored; calls do not overlap. After 20 callbacks it is told
	// once that more will not be reported.
	Notice func(string)
}

// Wait serves the callback until one answer carries the attempt's state, runs
// Finish and returns its error; a "no" from the provider is returned without
// Finish. What does not belong to this sign-in is answered and forgotten (L05
// to L15). When ctx's deadline passes the error is [ErrNoAnswer] and the
// sockets are closed, when it is cancelled ctx's own error. The browser is told
// the real outcome (L23). Wait returns as soon as the outcome is known; the
// last page is served in the background until [Listener.Close].
func (l *Listener) Wait(ctx context.Context, o WaitOptions) error {
	l.mu.Lock()
	l.attempt, l.notice = o.Attempt, o.Notice
	l.mu.Unlock()
	l.serve()
	a, err := l.next(ctx, o)
	if err != nil {
		l.shut()
		return err
	}
	if a.err == nil {
		a.err = finish(ctx, o.Finish, a.response)
	}
	l.settle(a)
	return a.err
}

// next returns the first answer that is ours, from the browser or pasted.
func (l *Listener) next(ctx context.Context, o WaitOptions) (*answered, error) {
	pasted := o.Pasted
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, ErrNoAnswer
			}
			return nil, ctx.Err()
		case a := <-l.answers:
			return a, nil
		case text, ok := <-pasted:
			if !ok {
				pasted = nil
				continue
			}
			if strings.TrimSpace(text) == "" {
				continue
			}
			r, err := o.Attempt.CheckURL(text)
			var wrong *PastedURLError
			if errors.Is(err, ErrNotOurs) || errors.Is(err, ErrBareCode) || errors.As(err, &wrong) {
				l.say("ignored what was pasted: " + err.Error())
				continue
			}
			return &answered{response: r, err: err, done: make(chan struct{})}, nil
		}
	}
}

// finish runs f under a context that obeys Ctrl-C but not the deadline of the
// wait: a code that is being exchanged is not to be lost because the person
// came back in the last second.
func finish(ctx context.Context, f func(context.Context, *Response) error, r *Response) error {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel(context.Cause(ctx))
		}
	})
	defer stop()
	return f(inner, r)
}

// settle records the outcome for the browser and lets the held answer go.
func (l *Listener) settle(a *answered) {
	p := pageSuccess()
	var no *AuthorizationError
	switch {
	case errors.As(a.err, &no):
		p = pageDenied()
	case a.err != nil:
		p = pageFailed()
	}
	l.mu.Lock()
	l.outcome = &p
	l.mu.Unlock()
	close(a.done)
}

// say passes a line on, one at a time.
func (l *Listener) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.notice != nil {
		l.notice(line)
	}
}

// sayIgnored reports a callback that is not ours, but not a flood of them.
func (l *Listener) sayIgnored() {
	const enough = 20
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ignored++; l.notice == nil || l.ignored > enough {
		return
	}
	l.notice("ignored a callback that does not belong to this login")
	if l.ignored == enough {
		l.notice("warning: 20 callbacks did not belong to this login; something else is calling this port, further ones are not reported")
	}
}

func (l *Listener) serve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server != nil || l.closed {
		return
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	l.server = &http.Server{
		Handler:                      http.HandlerFunc(l.handle),
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  readTimeout,
		MaxHeaderBytes:               headerLimit,
		Protocols:                    protocols,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnState:                    l.conns.state,
		ConnContext:                  l.conns.context,
	}
	for _, s := range l.sockets {
		go func() { _ = l.server.Serve(l.conns.wrap(s)) }()
	}
}

// handle answers one request. The order matters: nothing of a request is read
// before it is known to come from a browser that was sent here (L13 to L15).
func (l *Listener) handle(w http.ResponseWriter, r *http.Request) {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case r.Method == http.MethodConnect:
		l.refuse(w, r, http.StatusMethodNotAllowed)
	case !strings.HasPrefix(r.RequestURI, "/") || strings.HasPrefix(r.RequestURI, "//") || r.ProtoMajor != 1:
		l.refuse(w, r, http.StatusBadRequest)
	case !slices.Contains(l.hosts, r.Host):
		l.refuse(w, r, http.StatusForbidden)
	case path != l.path && path != donePath:
		l.refuse(w, r, http.StatusNotFound)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		l.refuse(w, r, http.StatusMethodNotAllowed)
	case !fromNavigation(r):
		l.refuse(w, r, http.StatusForbidden)
	case path == donePath:
		l.done(w, r)
	default:
		l.callback(w, r, query)
	}
}

// fromNavigation reports that the request can be a person's browser following
// the provider's redirect, and not a script, an image or a frame of some page
// (L14). A redirect that turned a POST into this GET carries no Origin. Clients
// that send none of these headers pass; the state decides anyway.
func fromNavigation(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return false
		}
	}
	for _, mode := range r.Header.Values("Sec-Fetch-Mode") {
		if mode != "navigate" {
			return false
		}
	}
	for _, dest := range r.Header.Values("Sec-Fetch-Dest") {
		if dest != "document" {
			return false
		}
	}
	return true
}

func (l *Listener) refuse(w http.ResponseWriter, r *http.Request, status int) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close") // the body is not read
	}
	writePage(w, pageRefused(status))
}

// callback judges one callback and holds the browser until the outcome is
// known, or for ten seconds.
func (l *Listener) callback(w http.ResponseWriter, r *http.Request, query string) {
	l.mu.Lock()
	attempt := l.attempt
	l.mu.Unlock()
	response, err := attempt.Check(query)
	if errors.Is(err, ErrNotOurs) {
		l.sayIgnored()
		writePage(w, pageNotOurs())
		return
	}
	l.conns.protect(r.Context())
	l.mu.Lock()
	l.held = true
	l.mu.Unlock()
	// The read deadline of the request would count as the browser hanging up.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	a := &answered{response: response, err: err, done: make(chan struct{})}
	l.answers <- a
	limit := time.NewTimer(l.hold)
	defer limit.Stop()
	select {
	case <-a.done:
	case <-limit.C:
	case <-r.Context().Done():
	}
	writeDone(w)
}

// done is the page after the callback. Before there was one it does not exist.
func (l *Listener) done(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	held, outcome := l.held, l.outcome
	l.mu.Unlock()
	if !held {
		l.refuse(w, r, http.StatusNotFound)
		return
	}
	p := pageWorking()
	if outcome != nil {
		p = *outcome
	}
	w.Header().Set("Connection", "close")
	writePage(w, p)
	_ = http.NewResponseController(w).Flush()
	l.once.Do(func() { close(l.shown) })
}

// Close frees the port. If a browser brought the answer, it first waits until
// the page after the callback was served: a second at most, and a tenth of one
// if the browser hung up. Close may be called more than once.
func (l *Listener) Close() {
	l.mu.Lock()
	wait := l.held && l.outcome != nil && !l.closed
	l.mu.Unlock()
	if wait {
		limit := time.NewTimer(drainLimit)
		defer limit.Stop()
		select {
		case <-l.shown:
		case <-limit.C:
		case <-l.conns.gone:
			limit.Reset(drainClosed)
			select {
			case <-l.shown:
			case <-limit.C:
			}
		}
	}
	l.shut()
}

// shut closes everything at once. What was flushed is still delivered.
func (l *Listener) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, s := range l.sockets {
		_ = s.Close()
	}
	if l.server != nil {
		_ = l.server.Close()
	}
}

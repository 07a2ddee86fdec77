package oauth

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// connTable holds the listener's connections and keeps them few: when one too
// many arrives, the oldest that does not carry our callback is dropped, so that
// hundreds of idle or dripping connections cannot keep the browser out (L18).
type connTable struct {
	limit int
	gone  chan struct{} // closed when the browser that brought the callback hung up

	mu    sync.Mutex
	order []net.Conn // oldest first
	kept  net.Conn   // carries our callback
}

func newConnTable(limit int) *connTable {
	return &connTable{limit: limit, gone: make(chan struct{})}
}

// connKey finds the connection of a request in its context.
type connKey struct{}

func (t *connTable) context(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// protect keeps the connection of this request from being dropped.
func (t *connTable) protect(ctx context.Context) {
	c, _ := ctx.Value(connKey{}).(net.Conn)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = c
	}
}

// state implements [http.Server.ConnState].
func (t *connTable) state(c net.Conn, s http.ConnState) {
	if s != http.StateClosed && s != http.StateHijacked {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.order, c); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
	if t.kept != nil && c == t.kept {
		select {
		case <-t.gone:
		default:
			close(t.gone)
		}
	}
}

func (t *connTable) add(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.order = append(t.order, c)
	for i := 0; len(t.order) > t.limit && i < len(t.order); {
		old := t.order[i]
		if old == t.kept {
			i++
			continue
		}
		t.order = slices.Delete(t.order, i, i+1)
		_ = old.Close()
	}
}

// wrap makes a socket's connections known to the table.
func (t *connTable) wrap(l net.Listener) net.Listener { return tableListener{l, t} }

type tableListener struct {
	net.Listener
	table *connTable
}

func (l tableListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.table.add(c)
	return c, nil
}

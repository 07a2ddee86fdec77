package oauth

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestWrongStateDoesNotEndTheWait(t *testing.T) { // L05, L19
	w := wait(t, literal(), nil)
	for range 50 {
		if status, _ := w.get(w.l.RedirectURI() + "?code=x&state=wrong"); status != 400 {
			t.Fatalf("status %d, want 400", status)
		}
	}
	w.stillWaiting()
	got := w.noticed()
	if len(got) != 21 || !strings.HasPrefix(got[20], "warning") {
		t.Errorf("%d notices, want 20 and a warning: %q", len(got), got)
	}
}

func TestStateCountsOnce(t *testing.T) { // A01
	w := wait(t, literal(), nil)
	if status, _ := w.get(w.good()); status != 200 {
		t.Fatalf("status %d", status)
	}
	if status, _ := w.get(w.good()); status != 400 {
		t.Errorf("a replay got %d, want 400", status)
	}
	w.l.Close()
}

func TestSlowloris(t *testing.T) { // L18
	w := wait(t, literal(), nil)
	for n := range 200 {
		c, err := net.Dial("tcp", w.address())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if n%2 == 0 {
			_, _ = io.WriteString(c, "GET /callback?co")
		}
	}
	start := time.Now()
	w.stillWaiting()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("the right callback took %s beside 200 idle connections", took)
	}
	w.l.conns.mu.Lock()
	defer w.l.conns.mu.Unlock()
	if n := len(w.l.conns.order); n > maxConnections {
		t.Errorf("%d connections are open, the cap is %d", n, maxConnections)
	}
}

func TestPageTellsTheRealOutcome(t *testing.T) { // L23, L24
	w := wait(t, literal(), func(w *waiting) {
		w.finish = func(context.Context, *Response) error {
			return &ServerError{Op: opExchange, Status: 400, Code: "invalid_grant"}
		}
	})
	status, page := w.get(w.good())
	if status < 400 || strings.Contains(page, "You are signed in") || strings.Contains(strings.ToLower(page), "success") {
		t.Errorf("the page of a failed exchange is %d %s", status, page)
	}
	var no *ServerError
	if err := <-w.result; !errors.As(err, &no) {
		t.Errorf("Wait returned %v", err)
	}
}

func TestDenied(t *testing.T) { // L06, A12
	called := false
	w := wait(t, literal(), func(w *waiting) {
		w.finish = func(context.Context, *Response) error { called = true; return nil }
	})
	status, page := w.get(w.l.RedirectURI() + "?error=access_denied&error_description=%3Cscript%3E&state=" + w.a.State.Reveal())
	if status != 403 || strings.Contains(page, "script") {
		t.Errorf("the page is %d %s", status, page)
	}
	var no *AuthorizationError
	if err := <-w.result; !errors.As(err, &no) || no.Code != "access_denied" {
		t.Errorf("Wait returned %v", err)
	}
	if called {
		t.Error("Finish ran without a code")
	}
}

func TestLongFinishGetsANeutralPage(t *testing.T) { // L23
	release := make(chan struct{})
	w := wait(t, literal(), func(w *waiting) {
		w.l.hold = 20 * time.Millisecond
		w.finish = func(context.Context, *Response) error { <-release; return nil }
	})
	status, page := w.get(w.good())
	if status != 202 || strings.Contains(page, "signed in") || !strings.Contains(page, "terminal") {
		t.Errorf("the page is %d %s", status, page)
	}
	close(release)
	if err := <-w.result; err != nil {
		t.Error(err)
	}
}

func TestEndOfTheWait(t *testing.T) { // L21, L22
	l, err := Listen(t.Context(), literal())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.Wait(ctx, WaitOptions{Attempt: authorizeAt(t, l.RedirectURI())}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("error is %v, want ErrNoAnswer", err)
	}
	if c, err := net.Dial("tcp", l.sockets[0].Addr().String()); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
	w := wait(t, literal(), nil)
	w.cancel()
	if err := <-w.result; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if c, err := net.Dial("tcp", w.address()); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

// The deadline limits the wait, not the exchange that follows it.
func TestDeadlineDoesNotCutTheFinish(t *testing.T) {
	l, err := Listen(t.Context(), literal())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := authorizeAt(t, l.RedirectURI())
	pasted := make(chan string, 1)
	pasted <- l.RedirectURI() + "?code=x&state=" + a.State.Reveal()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = l.Wait(ctx, WaitOptions{Attempt: a, Pasted: pasted, Finish: func(inner context.Context, _ *Response) error {
		<-ctx.Done()
		return inner.Err()
	}})
	if err != nil {
		t.Errorf("Finish saw %v", err)
	}
}

func TestCloseServesTheLastPage(t *testing.T) { // L24
	w := wait(t, literal(), nil)
	pages := make(chan int, 1)
	go func() {
		status, _ := w.get(w.good())
		pages <- status
	}()
	if err := <-w.result; err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	w.l.Close() // at once, as the program does
	if status := <-pages; status != 200 {
		t.Errorf("the last page got %d, want 200", status)
	}
	if took := time.Since(start); took > drainLimit {
		t.Errorf("Close took %s", took)
	}
	if c, err := net.Dial("tcp", w.address()); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

func TestPasted(t *testing.T) { // L33
	w := wait(t, literal(), nil)
	for _, text := range []string{
		"", "  ", testCode, "4/0Abc-def", strings.Replace(w.good(), "127.0.0.1", "evil.example", 1), w.l.RedirectURI() + "?code=x&state=wrong",
	} {
		w.pasted <- text
	}
	w.pasted <- "  " + w.good() + "#_=_\n"
	if err := <-w.result; err != nil {
		t.Fatal(err)
	}
	got := w.noticed()
	if len(got) != 4 {
		t.Errorf("%d notices, want one for each of the 4 wrong texts: %q", len(got), got)
	}
	if strings.Contains(strings.Join(got, " "), "CANARY") {
		t.Errorf("a notice shows what was pasted: %q", got)
	}
	start := time.Now()
	w.l.Close()
	if took := time.Since(start); took > drainLimit/2 {
		t.Errorf("Close took %s although no browser came", took)
	}
}

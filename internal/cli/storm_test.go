//go:build unix

package cli_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
)

// R09: a crowd that meets a grant that has ended, or a provider that is out of
// order, asks once in half a minute, all processes together.
func TestNoRetryStorm(t *testing.T) {
	for _, tc := range []struct {
		name, fault, value string
		exit               int
		says               string
	}{
		{"the grant has ended", "refresh_invalid_grant", "", 3, "hint: socialauth login x"},
		{"the provider is out of order", "refresh_status", "503", 5, "503"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(t, labOptions{})
			l.signIn("x").want(t, 0)
			l.fault(tc.fault, tc.value)
			l.advance(3 * time.Hour)
			for round, processes := range []int{100, 20} {
				wantAll(t, l.crowd(processes, "token", "print", "x"), tc.exit, tc.says)
				l.advance(20 * time.Second)
				wantAll(t, l.crowd(5, "token", "print", "x"), tc.exit, tc.says)
				if n := l.refreshes(); n != round+1 {
					t.Errorf("%d requests in %d times 30 s, want one each", n, round+1)
				}
				l.advance(11 * time.Second)
			}
		})
	}
}

// R10: a sign-out while a slow renewal is under way leaves nothing behind, and
// the renewal does not bring the account back.
func TestLogoutDuringRefresh(t *testing.T) {
	for _, args := range [][]string{{"logout", "x"}, {"logout", "x", "--local-only"}, {"logout", "--all"}} {
		t.Run(args[len(args)-1], func(t *testing.T) {
			l := newLab(t, labOptions{})
			l.signIn("x").want(t, 0)
			l.advance(3 * time.Hour)
			var (
				once sync.Once
				wg   sync.WaitGroup
				out  outcome
			)
			logout := l.command(args...)
			l.hook = func() {
				once.Do(func() {
					wg.Go(func() { out = finish(logout) })
					time.Sleep(300 * time.Millisecond)
				})
			}
			// The caller prints the token or comes too late for it; both are right.
			printed := l.run("token", "print", "x")
			if printed.exit != 0 {
				printed.want(t, 3, "not signed in to x")
			}
			wg.Wait()
			out.want(t, 0)
			l.run("token", "print", "x").want(t, 3, "not signed in to x")
			if left := append(l.records(), l.litter()...); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
			if n := l.refreshes(); n != 1 {
				t.Errorf("%d refreshes, want 1", n)
			}
			if args[len(args)-1] == "--local-only" {
				return
			}
			// And at the provider nothing lives on either, not even what the
			// renewal got while the sign-out was waiting.
			if got, want := cmp.Or(l.families[l.revoked], l.tokens[l.revoked]), l.families[l.newest()]; got != want {
				t.Errorf("token %d was revoked, want %d, which the renewal got", got.seq, want.seq)
			}
			if l.alive() {
				t.Error("the refresh token is still good at the provider")
			}
		})
	}
}

// newest is the refresh token that the provider gave last.
func (l *lab) newest() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	newest, at := "", issue{}
	for token, i := range l.families {
		if newest == "" || i.compare(at) > 0 {
			newest, at = token, i
		}
	}
	return newest
}

// alive reports whether the provider still takes the newest refresh token of x.
func (l *lab) alive() bool {
	l.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {l.newest()}, "client_id": {"demo-client"}}
	answer, err := http.PostForm(l.base+"/x/2/oauth2/token", form) //nolint:noctx // a test's own server
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusBadRequest {
		l.t.Fatalf("the provider answers %s", answer.Status)
	}
	return answer.StatusCode == http.StatusOK
}

// A renewal whose answer got lost on the way is a network failure first. After
// that the refresh token counts as spent, and is not shown again.
func TestLostAnswer(t *testing.T) {
	l := newLab(t, labOptions{})
	l.signIn("x").want(t, 0)
	if !l.alive() {
		t.Fatal("the check of the refresh token cannot succeed")
	}
	l.signIn("x").want(t, 0)
	l.fault("refresh_drop", "")
	l.advance(3 * time.Hour)
	l.server.ClearLog()
	wantAll(t, l.crowd(20, "token", "print", "x"), 5)
	l.advance(31 * time.Second)
	wantAll(t, l.crowd(20, "token", "print", "x"), 3, "was cut off before its answer was saved")
	if n := len(l.server.Log()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	l.server.ClearFaults()
	l.signIn("x").want(t, 0)
	l.run("token", "print", "x").want(t, 0)
}

// R16, C19: the clock is wrong, or was and has been set right. What the record
// says is then no reason to hand out a token for ever, nor to ask for a new one
// each time.
func TestClockChanges(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name string
		by   time.Duration
	}{{"set back a year", -365 * day}, {"set back a day", -day}, {"ahead a quarter", 90 * day}, {"slept through the night", 9 * time.Hour}} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(t, labOptions{})
			l.signIn("x").want(t, 0)
			before := l.run("token", "print", "x").want(t, 0)
			l.advance(tc.by)
			after := l.run("token", "print", "x").want(t, 0)
			if after.stdout == before.stdout || l.refreshes() != 1 {
				t.Errorf("%d refreshes, want 1", l.refreshes())
			}
			if again := l.run("token", "print", "x").want(t, 0); again.stdout != after.stdout || l.refreshes() != 1 {
				t.Errorf("%d refreshes after another print, want 1", l.refreshes())
			}
		})
	}
	t.Run("set back five minutes", func(t *testing.T) {
		l := newLab(t, labOptions{})
		l.signIn("x").want(t, 0)
		l.advance(-5 * time.Minute)
		wantAll(t, l.crowd(10, "token", "print", "x"), 0)
		if n := l.refreshes(); n > 1 {
			t.Errorf("%d refreshes, want at most 1", n)
		}
	})
}

// R16: an expiry that cannot be is a reason to renew, not one to believe.
func TestImpossibleExpiry(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"the clock said 2099": func(m map[string]any) {
			m["obtained_at"], m["expires_at"] = "2098-12-31T22:00:00Z", "2099-01-01T00:00:00Z"
		},
		"zero":                func(m map[string]any) { delete(m, "expires_at") },
		"long ago":            func(m map[string]any) { m["expires_at"] = "1970-01-01T00:00:00Z" },
		"before it was given": func(m map[string]any) { m["obtained_at"] = "2090-01-01T00:00:00Z" },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, labOptions{})
			l.signIn("x").want(t, 0)
			l.editMeta("x", edit)
			l.run("token", "print", "x").want(t, 0)
			l.run("token", "print", "x").want(t, 0)
			if n := l.refreshes(); n != 1 {
				t.Errorf("%d refreshes, want 1", n)
			}
		})
	}
}

// editMeta changes the clear part of an account as only somebody with the key can.
func (l *lab) editMeta(account string, change func(map[string]any)) {
	l.t.Helper()
	v, err := vault.Open(vault.Options{Dir: filepath.Join(l.dir, "data"), Storage: vault.KeyFile, Now: l.now})
	if err != nil {
		l.t.Fatal(err)
	}
	_, err = v.Update(l.t.Context(), vault.Name{Kind: vault.KindAccount, ID: account}, func(old *vault.Record) (*vault.Record, error) {
		meta := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(old.Meta))
		d.UseNumber()
		if err := d.Decode(&meta); err != nil {
			return nil, err
		}
		change(meta)
		old.Meta, err = json.Marshal(meta)
		return old, err
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

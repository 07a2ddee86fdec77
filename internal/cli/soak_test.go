//go:build unix

package cli_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
)

// The soak: workers sign in, print and renew at a provider whose refresh tokens
// are good once, while callers and renewal workers are killed at random. It
// lasts a few seconds, or as long as SOCIALAUTH_SOAK says (make soak: 60s).
//
// Every token is known to the book of the provider, so it can be told for each
// answer whether an acknowledged one was lost (an older token after a newer
// one), and whether a record was ever anything but whole.
func TestSoak(t *testing.T) {
	length := 4 * time.Second
	if text := os.Getenv("SOCIALAUTH_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	const workers = 20
	s := &soak{lab: newLab(t, labOptions{realTime: true, short: 1}), newest: map[string]issue{}, struck: map[string]int{}}
	for _, account := range []string{"x/a", "x/b", "x/c", "x/d", "x/e"} {
		s.accounts = append(s.accounts, account)
		s.signIn(account).want(t, 0)
	}
	s.files = s.recordsByAccount()
	// An answer that takes a while is one during which somebody can be killed.
	s.hook = func() { time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond) }
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for time.Now().Before(end) && !t.Failed() { // the first failure says it all
				s.step()
			}
		})
	}
	stop := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() { s.killWorkers(stop) })
	wg.Wait()
	close(stop)
	killer.Wait()
	s.settle()
	t.Logf("%v: %d runs, %d acknowledged writes, %d sign-ins among them; killed: %d callers, %d workers; cut off and said so: %d times; without a worker: %d",
		length, s.runs.Load(), s.acknowledged.Load(), s.signIns.Load(), s.killedCallers.Load(), s.killedWorkers.Load(), s.cutOff.Load(), s.orphaned.Load())
	for name, n := range map[string]int64{
		"acknowledged write": s.acknowledged.Load(), "killed caller": s.killedCallers.Load(), "killed worker": s.killedWorkers.Load(),
	} {
		if n == 0 {
			t.Errorf("not one %s: this soak has shown nothing", name)
		}
	}
}

// forced is the account that is renewed with `token refresh` too, which shows a
// refresh token even where a renewal was cut off: somebody wants it so.
const forced = "x/e"

type soak struct {
	*lab
	accounts []string
	files    map[string]string // account → its record

	runs, acknowledged, signIns, killedCallers, killedWorkers, cutOff, orphaned atomic.Int64

	book   sync.Mutex
	newest map[string]issue // account → the newest token that was acknowledged
	struck map[string]int   // account → how many workers were killed
	keep   sync.Mutex       // one sign-in at a time is enough
}

// step is one random command on a random account, sometimes killed.
func (s *soak) step() {
	account := s.accounts[rand.IntN(len(s.accounts))]
	switch n := rand.IntN(100); {
	case n < 55:
		s.do(account, "token", "print", account)
	case n < 85: // always a renewal: no token is good for an hour
		s.do(account, "token", "print", account, "--min-validity", "1h")
	case n < 95:
		if account == forced {
			s.do(account, "token", "refresh", account)
		}
	default:
		s.do(account, "login", account, "--port", s.port(account))
	}
}

// do runs one command, kills it in one case of four, and holds what it said
// against the book.
func (s *soak) do(account string, args ...string) {
	start := time.Now()
	s.book.Lock()
	floor := s.newest[account]
	s.book.Unlock()
	s.mu.Lock()
	sofar := s.begun[account]
	s.mu.Unlock()
	cmd := s.command(args...)
	if rand.IntN(4) == 0 {
		time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, func() {
			if cmd.Process != nil {
				_ = cmd.Process.Kill()
			}
		})
	}
	o := finish(cmd)
	s.runs.Add(1)
	switch {
	case strings.HasSuffix(o.stdout, "\n"): // also of one that was killed right after
		s.printed(account, start, floor, strings.TrimSpace(o.stdout))
	case o.exit == 128+int(syscall.SIGKILL):
		s.killedCallers.Add(1)
	case o.exit == 0 && args[0] == "login":
		s.signIns.Add(1)
		if !strings.Contains(o.stderr, "waiting for it") {
			sofar++ // it was this one that began the newest family
		}
		s.acknowledge(account, issue{family: sofar})
	case o.exit == 0 && args[1] == "refresh":
		s.acknowledged.Add(1)
	case o.exit == 3:
		s.ended(account, o)
	case o.exit == 6 && strings.Contains(o.stderr, "ended without an answer") && s.hit(account) > 0:
		s.orphaned.Add(1)
	default:
		s.t.Errorf("%s: %v", strings.Join(args, " "), o)
	}
}

// printed checks a token against what had been acknowledged before the command began.
func (s *soak) printed(account string, start time.Time, floor issue, token string) {
	s.mu.Lock()
	got, known := s.tokens[token]
	var revoked time.Time
	for _, r := range s.reuses {
		if r.account == got.account && r.family == got.family && revoked.IsZero() {
			revoked = r.at
		}
	}
	s.mu.Unlock()
	const grace = 1500 * time.Millisecond // a token lives a second, and nobody is told that it has been revoked
	switch {
	case !known:
		s.t.Errorf("%s: %q is no token that was ever given out", account, token)
	case got.account != account:
		s.t.Errorf("%s: printed a token of %s", account, got.account)
	case got.compare(floor) < 0:
		s.t.Errorf("%s: printed token %d of sign-in %d after token %d of sign-in %d had been acknowledged: a write was lost",
			account, got.seq, got.family, floor.seq, floor.family)
	case !revoked.IsZero() && start.Sub(revoked) > grace:
		s.t.Errorf("%s: a token whose grant was revoked %v before is printed as if nothing were wrong", account, start.Sub(revoked))
	}
	s.acknowledge(account, got)
}

func (s *soak) acknowledge(account string, i issue) {
	s.book.Lock()
	defer s.book.Unlock()
	i.account = account
	if i.compare(s.newest[account]) > 0 {
		s.newest[account] = i
		s.acknowledged.Add(1)
	}
}

// recordsByAccount asks the headers, as `status` does.
func (l *lab) recordsByAccount() map[string]string {
	l.t.Helper()
	v, err := vault.Open(vault.Options{Dir: filepath.Join(l.dir, "data"), Storage: vault.KeyFile, Now: l.now})
	if err != nil {
		l.t.Fatal(err)
	}
	list, err := v.List(vault.KindAccount)
	if err != nil {
		l.t.Fatal(err)
	}
	files := map[string]string{}
	for _, h := range list {
		files[h.ID] = h.Path
	}
	return files
}

// hit says how many workers of the account were killed.
func (s *soak) hit(account string) int {
	s.book.Lock()
	defer s.book.Unlock()
	return s.struck[account]
}

// ended is a command that asks for a sign-in. It is right to do so only where a
// worker was killed, and it must say what happened.
func (s *soak) ended(account string, o outcome) {
	struck := s.hit(account)
	said := false
	for _, text := range []string{"was cut off before its answer was saved", "the provider refused to renew it", "could not be renewed at"} {
		said = said || strings.Contains(o.stderr, text)
	}
	if !said || struck == 0 {
		s.t.Errorf("%s: %v; %d workers were killed", account, o, struck)
	}
	s.cutOff.Add(1)
	s.keep.Lock()
	defer s.keep.Unlock()
	if s.run("token", "print", account).exit == 3 {
		s.do(account, "login", account, "--port", s.port(account))
	}
}

// killWorkers kills who holds a record's lock, if that is a renewal worker.
func (s *soak) killWorkers(stop chan struct{}) {
	isWorker := func(line string) bool { return strings.HasSuffix(line, " renewal-worker") }
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(100+rand.IntN(300)) * time.Millisecond):
		}
		// The book is held meanwhile, so that nobody sees the effect before the cause.
		s.book.Lock()
		for range 20 {
			account := s.accounts[rand.IntN(len(s.accounts))]
			if pid, _ := killHolder(lockFile(s.files[account], ""), isWorker); pid != 0 {
				s.killedWorkers.Add(1)
				s.struck[account]++
				break
			}
			time.Sleep(time.Millisecond)
		}
		s.book.Unlock()
	}
}

// settle checks what is left when all is quiet: every account prints the newest
// acknowledged token or a newer one, or says that it was cut off and can be
// signed in to again, and nothing temporary is left.
func (s *soak) settle() {
	s.hook = nil
	for _, account := range s.accounts {
		s.do(account, "token", "print", account)
	}
	for _, account := range s.accounts {
		// Sweeps what killed sign-ins and killed renewals have left.
		s.signIn(account).want(s.t, 0)
		s.run("token", "refresh", account).want(s.t, 0)
		s.run("token", "print", account).want(s.t, 0)
	}
	if status := s.run("status", "--json").want(s.t, 0); strings.Contains(status.stdout, "damaged") {
		s.t.Errorf("status: %s", status.stdout)
	}
	if left := s.litter(); len(left) > 0 {
		s.t.Errorf("left over: %v", left)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reuses {
		if r.account != forced {
			s.t.Errorf("%s: a refresh token was spent twice", r.account)
		}
	}
	s.t.Logf("%d times `token refresh` showed a token whose renewal had been cut off", len(s.reuses))
}

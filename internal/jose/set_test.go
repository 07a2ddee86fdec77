package jose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func named(jwk, kid string) string { return with(jwk, `"kid":"`+kid+`"`) }

func setOf(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func octJWK(kid string, fill byte) string {
	return fmt.Sprintf(`{"kty":"oct","kid":"%s","k":"%s"}`, kid, encode([]byte(strings.Repeat(string(rune(fill)), 32))))
}

func publicEd() string {
	return strings.Replace(edJWK, `,"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"`, "", 1)
}

// TestParseSet: one bad key does not spoil the others, and what is ambiguous is
// not guessed at.
func TestParseSet(t *testing.T) {
	other := `{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}`
	for _, test := range []struct {
		name    string
		set     []byte
		kids    string // of the keys that remain
		skipped []string
	}{
		{"empty", setOf(), "[]", nil},
		{"two", setOf(named(ecJWK, "a"), named(publicEd(), "b")), "[a b]", nil},
		{"single JWK", []byte(named(ecJWK, "a")), "[a]", nil},
		{"other members", []byte(`{"x":1,"keys":[` + named(ecJWK, "a") + `],"y":[{}]}`), "[a]", nil},
		{"unknown types", setOf(`{"kty":"AKP","kid":"q"}`, named(ecJWK, "a"), `{"kty":"EC","crv":"secp256k1","kid":"k"}`), "[a]", []string{`key "q"`, `key "k"`}},
		{"for encryption", setOf(with(named(ecJWK, "e"), `"use":"enc"`), named(ecJWK, "a")), "[a]", []string{`key "e": the key is for "enc"`}},
		{"small RSA", setOf(named(rsaJWK(1024, "AQAB", ""), "k1"), named(ecJWK, "a")), "[a]", []string{`key "k1": RSA with 1024 bits, the minimum is 2048`}},
		{"huge RSA", setOf(named(rsaJWK(16384, "AQAB", ""), "k1")), "[]", []string{"the maximum is 8192"}},
		{"not an object", setOf(`1`, `null`, `"x"`, named(ecJWK, "a")), "[a]", []string{"it is a number", "it is null", "it is a string"}},
		{"secret beside public keys", setOf(octJWK("s", 'x'), named(ecJWK, "a")), "[a]", []string{`key "s": a shared secret`}},
		{"secrets only", setOf(octJWK("s", 'x'), octJWK("t", 'y')), "[s t]", nil},
		{"one kid, two keys", setOf(named(ecJWK, "a"), named(other, "a"), named(ecJWK, "b")), "[b]", []string{"same kid", "same kid"}},
		{"one kid, two types", setOf(named(ecJWK, "a"), named(publicEd(), "a")), "[a a]", nil},
		{"one kid for signing and encryption", setOf(with(named(other, "a"), `"use":"enc"`), named(ecJWK, "a")), "[a]", []string{"enc"}},
		{"one kid, one of them damaged", setOf(named(strings.Replace(other, "gI0G", "AAAA", 1), "a"), named(ecJWK, "a")), "[]", []string{"not on the curve", "same kid"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := ParseSet(test.set)
			if err != nil {
				t.Fatal(err)
			}
			var kids []string
			for _, k := range s.List() {
				kids = append(kids, k.KeyID())
			}
			if fmt.Sprint(kids) != test.kids {
				t.Errorf("keys %q, want %s", kids, test.kids)
			}
			if len(s.Skipped()) != len(test.skipped) {
				t.Fatalf("skipped %v", s.Skipped())
			}
			for i, want := range test.skipped {
				wants(t, s.Skipped()[i], want)
			}
		})
	}
	for text, want := range map[string]string{
		`{}`: `there is no array "keys"`, `[]`: "it is an array", `{"keys":{}}`: `no array "keys"`, `{"keys":[`: "ends too early",
		`{"keys":[],"keys":[]}`: "twice", `{"kty":"EC"}`: `the curve ""`, `x`: "not a JWK set",
		string(setOf(strings.Split(strings.Repeat("{}|", 257), "|")[:257]...)): "257 keys",
		strings.Repeat(" ", maxSet+1):                                          "longer than 1048576 bytes",
	} {
		_, err := ParseSet([]byte(text))
		wants(t, err, want)
	}
}

func TestSetFind(t *testing.T) {
	a, b := mustParseJWK(t, named(ecJWK, "a")), mustParseJWK(t, named(publicEd(), "b"))
	unnamed := mustParseJWK(t, ecJWK)
	for _, test := range []struct {
		keys     []*Key
		kid, alg string
		want     []*Key
	}{
		{[]*Key{a, b}, "a", "ES256", []*Key{a}},
		{[]*Key{a, b}, "b", "ES256", nil},
		{[]*Key{a, b}, "c", "ES256", nil},
		{[]*Key{a, b}, "A", "ES256", nil},
		{[]*Key{a, b}, "", "EdDSA", []*Key{b}},
		{[]*Key{a, b}, "", "HS256", nil},
		{[]*Key{unnamed, a}, "a", "ES256", []*Key{a, unnamed}},
		{[]*Key{unnamed, a}, "z", "ES256", []*Key{unnamed}},
		{[]*Key{a, a, nil, b}, "", "ES256", []*Key{a}},
	} {
		got, err := NewSet(test.keys...).Keys(t.Context(), test.kid, test.alg)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(test.want) || len(got) != len(test.want) {
			t.Errorf("kid %q, %s: got %v, want %v", test.kid, test.alg, got, test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("kid %q, %s: key %d is another", test.kid, test.alg, i)
			}
		}
	}
}

// TestSetMarshal has rows K06 and K07.
func TestSetMarshal(t *testing.T) {
	s := NewSet(testKey(t, "RS256"), testKey(t, "ES512"), testKey(t, "EdDSA"), testKey(t, "HS256"))
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseSet(text)
	if err != nil || len(back.List()) != 3 || len(back.Skipped()) > 0 {
		t.Fatalf("%s: %v, %v", text, back, err)
	}
	for _, k := range back.List() {
		if k.IsPrivate() {
			t.Errorf("%v is private", k)
		}
	}
	var d, list, key document
	if err := d.parse(text, depthStrict); err != nil {
		t.Fatal(err)
	}
	keys, _ := d.get("keys")
	if err := list.parse(keys.value, depthStrict); err != nil {
		t.Fatal(err)
	}
	for m := range list.members() {
		if err := key.parse(m.value, depthStrict); err != nil {
			t.Fatal(err)
		}
		for member := range key.members() {
			if !strings.Contains(" kty crv x y n e use alg kid ", " "+string(member.name)+" ") {
				t.Errorf("the member %q is published", member.name)
			}
		}
	}
	if text, err := NewSet().Marshal(); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("%s, %v", text, err)
	}
}

// endpoint is a JWK set that can be changed, counts requests, and can be down.
type endpoint struct {
	mu    sync.Mutex
	set   []byte
	err   error
	count int
}

func (e *endpoint) fetch(context.Context) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count++
	return e.set, e.err
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// TestRemoteSet has rows K09 and K11.
func TestRemoteSet(t *testing.T) {
	c := &clock{now()}
	e := &endpoint{set: setOf(named(ecJWK, "a"))}
	r := NewRemoteSet(e.fetch, c.now)
	if e.count != 0 {
		t.Fatal("fetched before the first token")
	}
	find := func(kid string, want int) {
		t.Helper()
		keys, err := r.Keys(t.Context(), kid, "ES256")
		if err != nil || len(keys) != want {
			t.Errorf("kid %q: %v, %v; want %d", kid, keys, err, want)
		}
	}
	fetches := func(want int) {
		t.Helper()
		if e.count != want {
			t.Errorf("%d fetches, want %d", e.count, want)
		}
	}
	find("a", 1)
	find("a", 1)
	fetches(1)
	// A thousand tokens with keys nobody knows cost nothing more.
	for i := range 1000 {
		find(fmt.Sprint("bad", i), 0)
	}
	fetches(1)
	// A rotation is seen as soon as the pause is over.
	e.set = setOf(named(ecJWK, "b"))
	find("b", 0)
	c.at = c.at.Add(30 * time.Second)
	find("b", 1)
	fetches(2)
	find("a", 0)
	fetches(2)
	// A key that was withdrawn stops within the hour without being asked for.
	e.set = setOf(named(ecJWK, "c"))
	c.at = c.at.Add(time.Hour)
	find("b", 0)
	fetches(3)
	// While the endpoint is down the last set is used, for a day.
	e.err = errors.New("down")
	c.at = c.at.Add(time.Hour)
	find("c", 1)
	find("c", 1)
	fetches(4)
	c.at = c.at.Add(22 * time.Hour)
	find("c", 1)
	c.at = c.at.Add(time.Hour)
	if keys, err := r.Keys(t.Context(), "c", "ES256"); !errors.Is(err, e.err) {
		t.Errorf("after a day: %v, %v", keys, err)
	}
	fetches(6)
	// The pause holds for failures too; then it recovers.
	if _, err := r.Keys(t.Context(), "c", "ES256"); !errors.Is(err, e.err) {
		t.Error(err)
	}
	fetches(6)
	e.err = nil
	c.at = c.at.Add(30 * time.Second)
	find("c", 1)
}

func TestRemoteSetRefusesSecrets(t *testing.T) {
	e := &endpoint{set: setOf(octJWK("s", 'x'))}
	r := NewRemoteSet(e.fetch, now)
	if keys, err := r.Keys(t.Context(), "s", "HS256"); err != nil || len(keys) > 0 {
		t.Errorf("got %v, %v", keys, err)
	}
	if len(r.Skipped()) != 1 {
		t.Errorf("skipped %v", r.Skipped())
	}
	e.set = setOf(named(ecPrivateJWK, "p"))
	r = NewRemoteSet(e.fetch, now)
	keys, err := r.Keys(t.Context(), "p", "ES256")
	if err != nil || len(keys) != 1 || keys[0].IsPrivate() {
		t.Errorf("got %v, %v", keys, err)
	}
	if len(r.Skipped()) != 1 || !strings.Contains(r.Skipped()[0].Reason, "private part is published") {
		t.Errorf("skipped %v", r.Skipped())
	}
	e.set = []byte("<html>")
	_, err = NewRemoteSet(e.fetch, now).Keys(t.Context(), "", "ES256")
	wants(t, err, "not a JWK set")
}

// TestRemoteSetSingleFlight: many callers, one request; a caller that gives up
// does not end it for the others.
func TestRemoteSetSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int32
		answer := make(chan []byte)
		r := NewRemoteSet(func(ctx context.Context) ([]byte, error) {
			count.Add(1)
			select {
			case set := <-answer:
				return set, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}, now)
		first, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := r.Keys(first, "a", "ES256")
			gone <- err
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if keys, err := r.Keys(t.Context(), "a", "ES256"); err != nil || len(keys) != 1 {
					t.Errorf("got %v, %v", keys, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that gave up got %v", err)
		}
		answer <- setOf(named(ecJWK, "a"))
		wg.Wait()
		if count.Load() != 1 {
			t.Errorf("%d requests", count.Load())
		}
	})
}

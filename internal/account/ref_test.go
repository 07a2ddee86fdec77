package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/account"
)

func TestParseRef(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want account.Ref
	}{
		{"facebook", account.Ref{Provider: "facebook"}},
		{"facebook/work", account.Ref{Provider: "facebook", Name: "work"}},
		{"x/me@example.com", account.Ref{Provider: "x", Name: "me@example.com"}},
		{"https://Id.Example.com/realms/a", account.Ref{Provider: "id.example.com"}},
		{"http://127.0.0.1:9998", account.Ref{Provider: "127.0.0.1:9998"}},
		{"127.0.0.1:9998/work", account.Ref{Provider: "127.0.0.1:9998", Name: "work"}},
		{"[::1]:9998", account.Ref{Provider: "[::1]:9998"}},
	} {
		got, err := account.ParseRef(tc.in)
		if err != nil || got != tc.want {
			t.Errorf("ParseRef(%q) = %+v, %v; want %+v", tc.in, got, err, tc.want)
		}
	}
	for _, in := range []string{
		"", "/", "/work", "facebook/", "Facebook", "face book", "facebook/a/b", "facebook/ä", "facebook/a b", "facebook/../x",
		"facebook\n", "-facebook\x00", "https://", "http:///path", "facebook/" + strings.Repeat("a", 65), "$(id)", "a;b",
	} {
		got, err := account.ParseRef(in)
		if _, ok := errors.AsType[*account.RefError](err); !ok {
			t.Errorf("ParseRef(%q) = %+v, %v; want a RefError", in, got, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"facebook/work", "https://id.example.com", "[::1]:1/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := account.ParseRef(s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(ref.String(), func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("$`;|&<>\"'\\(){}", r) }) {
			t.Fatalf("ParseRef(%q) = %q, which a shell could misread", s, ref)
		}
		if again, err := account.ParseRef(ref.String()); err != nil || again != ref {
			t.Fatalf("ParseRef(%q) = %q, which is read back as %q, %v", s, ref, again, err)
		}
	})
}

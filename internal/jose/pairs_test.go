package jose

import (
	"bytes"
	"testing"
)

// FuzzPairs holds the fast decoder to the plain one: the same bytes, or both
// refuse.
func FuzzPairs(f *testing.F) {
	for _, seed := range []string{
		"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AAAAA", "AAAAAAAA", "AAAAAAAAAA", "AAAAAAAAAAA", "_-_-_-_-_-_-",
		"eyJhbGciOiJSUzI1NiJ9", "AAAA\nAAAA", "AAAA=", "AA+/", "AAAAAAAAAAAAAAAAAAAAAA\r", "\x00\x00", "AAAAAAA?AAAA",
	} {
		f.Add([]byte(seed))
	}
	table := newPairs()
	f.Fuzz(func(t *testing.T, src []byte) {
		want, err := decodeStrict([]byte("x"), src)
		got, ok := table.decode([]byte("x"), src)
		if ok != (err == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%q: %q %t, want %q %v", src, got, ok, want, err)
		}
		size := table.size(src)
		if ok && size != len(got)-1 || !ok && size != -1 {
			t.Fatalf("%q: size %d, want %d", src, size, len(got)-1)
		}
	})
}

func BenchmarkPairs(b *testing.B) {
	text := bytes.Repeat([]byte("eyJhbGci"), 74)
	table := newPairs()
	var out []byte
	b.Run("pairs", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			out, _ = table.decode(out[:0], text)
		}
	})
	b.Run("strict", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			out, _ = decodeStrict(out[:0], text)
		}
	})
	b.Run("size", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			table.size(text)
		}
	})
}

package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("a = [1, [2, {b = 3}]]\n[[c]]\nd = '''\nx'''\n\"e\\u0041\" = \"\"\"\n\"\"\"\n"))
	for _, id := range Presets() {
		data, err := PresetFile(id)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode("fuzz.toml", data)
		if err != nil {
			fe, ok := errors.AsType[*FileError](err)
			last := 1 + strings.Count(string(data), "\n")
			if !ok || fe.Line < 1 || fe.Line > last {
				t.Fatalf("%#v is not an error with a line of the file", err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("decoded, but not valid: %v", err)
		}
		if again := fmt.Sprint(p.Endpoints()); strings.ContainsAny(again, "\x00\n\x1b") {
			t.Fatalf("an endpoint has a control byte: %q", again)
		}
		if q, err := p.Rebase("http://127.0.0.1:4400"); err == nil {
			if err := q.Validate(); err != nil {
				t.Fatalf("rebased, but not valid: %v", err)
			}
		} else if _, ok := errors.AsType[*CollisionError](err); !ok {
			t.Fatalf("Rebase: %v", err)
		}
	})
}

func BenchmarkDecodeOne(b *testing.B) {
	for b.Loop() {
		if _, err := Preset("facebook"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeAll(b *testing.B) {
	ids := Presets()
	for b.Loop() {
		for _, id := range ids {
			if _, err := Preset(id); err != nil {
				b.Fatal(err)
			}
		}
	}
}

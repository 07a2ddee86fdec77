//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/socialauth/socialauth/internal/vault"
)

// Whole processes are measured beside a Go program that does nothing, by turns in
// one loop, so that a busy machine slows both: the figures to compare are the
// differences and the ratios, not the milliseconds.

// stopwatch sums up what is measured by turns.
type stopwatch struct {
	b     *testing.B
	total map[string]time.Duration
}

func newStopwatch(b *testing.B) *stopwatch {
	b.Helper()
	return &stopwatch{b, map[string]time.Duration{}}
}

func (s *stopwatch) time(name string, fn func()) {
	start := time.Now()
	fn()
	s.total[name] += time.Since(start)
}

// ms is the mean of one of them in milliseconds.
func (s *stopwatch) ms(name string) float64 {
	return s.total[name].Seconds() * 1000 / float64(s.b.N)
}

func (s *stopwatch) report(names ...string) {
	s.b.ReportMetric(0, "ns/op") // of all together: it says nothing
	for _, name := range names {
		s.b.ReportMetric(s.ms(name), name+"-ms")
	}
}

// helloWorld builds a Go program that prints a line.
func helloWorld(b *testing.B) string {
	b.Helper()
	source := filepath.Join(b.TempDir(), "main.go")
	text := "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello\\n\") }\n"
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return builtProgram(b, source)
}

// must runs a program to its end.
func must(b *testing.B, env []string, program string, args ...string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), program, args...) //nolint:gosec // our own
	cmd.Env = env
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkProcessTokenPrint is `token print` of a token that is still good, with
// the key in a file.
func BenchmarkProcessTokenPrint(b *testing.B) {
	l := newLab(b, labOptions{program: realProgram(b)})
	hello := helloWorld(b)
	l.signIn("facebook").want(b, 0)
	s := newStopwatch(b)
	for b.Loop() {
		s.time("hello", func() { must(b, nil, hello) })
		s.time("version", func() { must(b, l.env, l.program, "version") })
		s.time("print", func() { must(b, l.env, l.program, "token", "print", "facebook") })
	}
	s.report("hello", "version", "print")
	b.ReportMetric(s.ms("print")/s.ms("hello"), "×hello")
}

// BenchmarkSecretServiceTokenPrint is the same with the key in a real Secret
// Service; scripts/bench.sh runs it inside one. Beside it runs a program that reads
// a keyring item and does nothing else; what is left is ours.
func BenchmarkSecretServiceTokenPrint(b *testing.B) {
	if os.Getenv("WSS_MODE") != "unlocked" {
		b.Skip("there is no Secret Service around it; scripts/bench.sh has one")
	}
	l := newLab(b, labOptions{program: realProgram(b)})
	l.setenv("SOCIALAUTH_STORAGE", "")
	for _, name := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"} {
		l.setenv(name, os.Getenv(name))
	}
	hello, keyread := helloWorld(b), builtProgram(b, "./testdata/keyread")
	l.signIn("facebook").want(b, 0)
	ring := vault.SystemKeyring(vault.SystemKeyringOptions{Getenv: os.Getenv})
	if err := ring.Set(b.Context(), vault.Service, "bench", "CANARY-BENCH-1"); err != nil {
		b.Fatal(err)
	}
	s := newStopwatch(b)
	for b.Loop() {
		s.time("hello", func() { must(b, nil, hello) })
		s.time("keyring-read", func() { must(b, l.env, keyread, "bench") })
		s.time("print", func() { must(b, l.env, l.program, "token", "print", "facebook") })
	}
	s.report("hello", "keyring-read", "print")
	b.ReportMetric(s.ms("print")-s.ms("keyring-read"), "ours-ms")
}

// BenchmarkProcessRefresh is one process that finds its token expired, and a
// hundred at once that do: the second is to cost what starting a hundred programs
// costs, and one refresh.
func BenchmarkProcessRefresh(b *testing.B) {
	const processes = 100
	l := newLab(b, labOptions{program: realProgram(b)})
	l.signIn("x").want(b, 0)
	expire := func() {
		l.editMeta("x", func(meta map[string]any) {
			meta["obtained_at"], meta["expires_at"] = "2020-01-01T00:00:00Z", "2020-01-01T02:00:00Z"
		})
	}
	crowd := func(args ...string) {
		var wg sync.WaitGroup
		for range processes {
			cmd := exec.CommandContext(b.Context(), l.program, args...) //nolint:gosec // our own
			cmd.Env = l.env
			wg.Go(func() {
				if err := cmd.Run(); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
	s := newStopwatch(b)
	rounds := 0
	for b.Loop() {
		rounds++
		expire()
		s.time("one", func() { must(b, l.env, l.program, "token", "print", "x") })
		s.time("hundred-cached", func() { crowd("token", "print", "x") })
		expire()
		s.time("hundred", func() { crowd("token", "print", "x") })
	}
	if n := l.refreshes(); n != 2*rounds {
		b.Errorf("%d refreshes in %d rounds, want two in each", n, rounds)
	}
	s.report("one", "hundred", "hundred-cached")
	b.ReportMetric(s.ms("hundred")/s.ms("one"), "×one")
	b.ReportMetric(s.ms("hundred")/s.ms("hundred-cached"), "×cached")
}

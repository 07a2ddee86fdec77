//go:build unix && !darwin

package vault

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBusAddress(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "with-bus")
	old := filepath.Join(dir, "with-file")
	for _, d := range []string{socket, old} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(socket, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "dbus-session"), []byte("DBUS_SESSION_BUS_ADDRESS=unix:abstract=/tmp/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, env, runtime, want string }{
		{"from the environment", "unix:path=/a/b", socket, "unix:path=/a/b"},
		{"disabled", "disabled:", socket, ""},
		{"the socket of the login session", "", socket, "unix:path=" + socket + "/bus"},
		{"the file of older systems", "", old, "unix:abstract=/tmp/x"},
		{"a bus is never started", "", dir, ""},
		{"not even when asked to", "autolaunch:", dir, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			getenv := func(name string) string {
				if name != "DBUS_SESSION_BUS_ADDRESS" {
					t.Errorf("asked for %s", name)
				}
				return c.env
			}
			if got := busAddress(getenv, c.runtime, os.ReadFile); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPreflightOfABusThatIsNone(t *testing.T) {
	listen := func(t *testing.T, serve func(net.Conn)) string {
		t.Helper()
		dir, err := os.MkdirTemp("", "bus") //nolint:usetesting // a socket's path has to be short
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		l, err := net.Listen("unix", filepath.Join(dir, "bus"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go serve(c)
			}
		}()
		return "unix:path=" + filepath.Join(dir, "bus")
	}
	check := func(t *testing.T, address string, want func(error) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := preflight(ctx, address); !want(err) {
			t.Errorf("preflight(%q) = %v", address, err)
		}
	}
	noBus := func(err error) bool {
		var e *KeyringAbsentError
		return errors.As(err, &e) && e.Reason == NoBus
	}
	timeout := func(err error) bool { return errors.Is(err, ErrKeyringTimeout) }
	t.Run("nowhere", func(t *testing.T) { check(t, "unix:path="+t.TempDir()+"/none", noBus) })
	t.Run("no address", func(t *testing.T) { check(t, "", noBus) })
	t.Run("nonsense", func(t *testing.T) { check(t, "CANARY;;unix", noBus) })
	t.Run("silence", func(t *testing.T) {
		check(t, listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }), timeout)
	})
	t.Run("hangs up", func(t *testing.T) {
		check(t, listen(t, func(c net.Conn) { _ = c.Close() }), noBus)
	})
	t.Run("another protocol", func(t *testing.T) {
		check(t, listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); _ = c.Close() }), noBus)
	})
}

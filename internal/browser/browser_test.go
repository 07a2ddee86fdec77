package browser_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/socialauth/socialauth/internal/browser"
)

func TestCheckRefusesWhatAnOpenerCouldMisread(t *testing.T) {
	for _, raw := range []string{
		"", "/etc/passwd", "--version", "-h", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x",
		"smb://host/share", "search-ms:query=x", "ms-msdt:/id", "vscode://x", "https:", "https:///path", "https:example.com",
		"http://example.com/", "http://10.0.0.1/", "http://127.0.0.1.evil.example/", "https://accounts.google.com@evil.example/",
		"https://user:pw@example.com/", "https://example.com/#frag", "https://example.com/$(touch pwn)",
		"https://example.com/a;b", "https://example.com/?q='x'", "https://example.com/a b\x00", "https://example.com/\n", "https://exаmple.com/",
		"https://example.com/?" + strings.Repeat("a", browser.MaxURL), "ftp://example.com", "HTTP://example.com",
	} {
		got, err := browser.Check(raw)
		var unsafe *browser.UnsafeURLError
		if got != "" || !errors.As(err, &unsafe) {
			t.Errorf("Check(%.60q) = %q, %v; want an UnsafeURLError", raw, got, err)
		}
	}
}

func TestCheckKeepsOrdinaryURLs(t *testing.T) {
	for _, raw := range []string{
		"https://www.facebook.com/v26.0/dialog/oauth?client_id=1&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcallback&scope=email%2Cpublic_profile",
		"http://127.0.0.1:4400/facebook/v26.0/dialog/oauth?a=b",
		"http://localhost:4400/x", "http://[::1]:4400/x", "https://example.com:8443/a/b%20c?x=%24",
	} {
		got, err := browser.Check(raw)
		if err != nil || got != raw {
			t.Errorf("Check(%q) = %q, %v", raw, got, err)
		}
	}
}

func TestCheckEncodesWhatAPathMayNotHold(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.com/`id`": "https://example.com/%60id%60",
		"https://example.com/a|b":  "https://example.com/a%7Cb",
		`https://example.com/"x"`:  "https://example.com/%22x%22",
		"HTTPS://example.com/":     "https://example.com/",
	} {
		if got, err := browser.Check(raw); err != nil || got != want {
			t.Errorf("Check(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
}

func TestOpenRunsTheNamedProgramWithoutAShell(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script below is a Unix shell script")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "opener")
	log := filepath.Join(dir, "log")
	body := "#!/bin/sh\nprintf '%s\\n' \"$@\" > " + log + "\necho NOISE\n"
	if err := os.WriteFile(script, []byte(body), 0o700); err != nil {
		t.Fatal(err)
	}
	const target = "https://example.com/a?x=1&y=2"
	if err := (browser.Opener{Command: script + " --new-window $(touch pwn) ;"}).Open(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if want := "--new-window\n$(touch\npwn)\n;\n" + target + "\n"; string(got) != want {
		t.Errorf("arguments = %q, want %q", got, want)
	}
}

func TestOpenNoneAndUnsafe(t *testing.T) {
	if err := (browser.Opener{Command: "none"}).Open(t.Context(), "https://example.com"); !errors.Is(err, browser.ErrNone) {
		t.Errorf("Open with none = %v", err)
	}
	marker := filepath.Join(t.TempDir(), "ran")
	var unsafe *browser.UnsafeURLError
	if err := (browser.Opener{Command: "touch " + marker}).Open(t.Context(), "file:///etc/passwd"); !errors.As(err, &unsafe) {
		t.Errorf("Open of a file URL = %v", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("an unsafe URL started the opener")
	}
}

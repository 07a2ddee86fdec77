package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// traced runs the real program under strace and returns the calls with which it
// could reach the network, a keyring, another program or a file.
func traced(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		lacking(t, "strace is not installed")
	}
	cmd := program(t, args...)
	trace := filepath.Join(cmd.Dir, "trace")
	key := "CANARY-SHARED-1-0123456789abcdef"
	for name, text := range map[string]string{"shared": key, "key.jwk": `{"kty":"oct","k":"Q0FOQVJZLVNIQVJFRC0xLTAxMjM0NTY3ODlhYmNkZWY"}`} {
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Args = append([]string{"strace", "-f", "-qq", "-o", trace, "-e", "trace=socket,connect,sendto,execve,openat", cmd.Path}, args...)
	cmd.Path, cmd.Err = exec.LookPath("strace")
	cmd.Env = append(cmd.Env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(cmd.Dir, "bus"), "HTTPS_PROXY=http://127.0.0.1:9")
	cmd.Stdin = strings.NewReader(stdin)
	out, _ := cmd.CombinedOutput() // some of the tokens are refused
	data, err := os.ReadFile(trace)
	if err != nil || !strings.Contains(string(data), "execve(") {
		t.Fatalf("nothing was traced: %v\n%s", err, out)
	}
	return string(data)
}

// TestDecodeAsksNobody: decode, and verify with a key at hand, call no other
// computer, no keyring and no other program, and open no file of the vault, whatever
// the token asks for (K12, W23).
func TestDecodeAsksNobody(t *testing.T) {
	// {"alg":"RS256","jku":"https://evil.example/k","x5u":"https://evil.example/x","kid":"../../vault/keys/default"}
	const token = "eyJhbGciOiJSUzI1NiIsImprdSI6Imh0dHBzOi8vZXZpbC5leGFtcGxlL2siLCJ4NXUiOiJodHRwczovL2V2aWwuZXhhbXBsZS94Iiwia2lkIjoiLi4vLi4vdmF1bHQva2V5cy9kZWZhdWx0In0" +
		".eyJpc3MiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.AAAA\n"
	for _, line := range []string{
		"decode", "decode --json", "decode --lines", "decode --lines --redact", "decode --scan", "decode --key shared",
		"verify --key key.jwk --issuer https://evil.example --audience a",
		"verify --hmac-key-file shared --alg HS256 --issuer https://evil.example --audience a --lines",
	} {
		t.Run(line, func(t *testing.T) {
			trace := traced(t, token, strings.Fields(line)...)
			if found := regexp.MustCompile(`(?m)^.*\b(socket|connect|sendto)\(.*$`).FindString(trace); found != "" {
				t.Errorf("it called somebody: %s", found)
			}
			if count := strings.Count(trace, "execve("); count != 1 {
				t.Errorf("%d programs ran", count)
			}
			if found := regexp.MustCompile(`(?m)^.*openat\(.*"[^"]*/sa[/"].*$`).FindString(trace); found != "" {
				t.Errorf("it looked into the home: %s", found)
			}
		})
	}
	// What it would look like if it did.
	if trace := traced(t, token, "verify", "--jwks", "http://127.0.0.1:9/k", "--issuer", "i", "--audience", "a"); !strings.Contains(trace, "connect(") {
		t.Errorf("a call over the network is not seen:\n%s", trace)
	}
}

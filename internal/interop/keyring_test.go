package interop_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// desktop gives the machine a session bus and a real gnome-keyring that is
// unlocked, for as long as the test runs.
func (m *machine) desktop() {
	m.t.Helper()
	for _, tool := range []string{"gnome-keyring-daemon", "dbus-run-session", "dbus-send", "secret-tool"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(m.t, "there is no %s (apt-get install dbus gnome-keyring libsecret-tools)", tool)
		}
	}
	script := filepath.Join("..", "vault", "testdata", "with-secret-service.sh")
	session := exec.Command("bash", script, "--", "sh", "-c", `echo "$DBUS_SESSION_BUS_ADDRESS"; cat`)
	end, err := session.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	stdout, stderr := newLines(), newLines()
	session.Stdout, session.Stderr = stdout, stderr
	if err := session.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		_ = end.Close() // ends cat, and so the keyring and the bus
		if err := session.Wait(); err != nil {
			m.t.Errorf("the keyring's session: %v\n%s", err, stderr)
		}
	})
	address, err := stdout.await(m.t.Context(), func(line string) string { return line })
	if err != nil {
		m.t.Fatal(err, stderr)
	}
	m.setenv("DBUS_SESSION_BUS_ADDRESS", address)
	m.setenv("SOCIALAUTH_STORAGE", "keyring")
}

// lookup asks libsecret's own tool for an item, as a person would.
func (m *machine) lookup(user string) string {
	m.t.Helper()
	tool := exec.CommandContext(m.t.Context(), "secret-tool", "lookup", "service", "socialauth", "username", user)
	tool.Env = m.env
	found, err := tool.Output()
	if err != nil && len(found) > 0 {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(string(found))
}

// TestKeyringItemIsReadableElsewhere: in a real desktop keyring, a sign-in with
// --keyring-jwt leaves a JWT that secret-tool reads and PyJWT verifies; minting
// renews it, and signing out removes it.
func TestKeyringItemIsReadableElsewhere(t *testing.T) {
	f := startForeign(t)
	m := newMachine(t)
	m.desktop()
	m.browser(testUser())
	m.must("login", f.issuer, "--client-id", foreignClient, "--keyring-jwt", "--timeout", "40s")
	user := "jwt:" + f.account()
	first := m.lookup(user)
	if printed := m.line("token", "print", f.account(), "--type", "jwt"); first == "" || printed != first {
		t.Fatalf("the keyring has %q, token print says %q", first, printed)
	}
	claims := payload(t, first)
	q := question{Token: first, Algorithm: "ES256", JWKS: []byte(m.must("key", "jwks").stdout)}
	q.Issuer, _ = claims["iss"].(string)
	q.Audience, _ = claims["aud"].(string)
	if _, refused := ask(t, findPyJWT(t), q); refused != "" {
		t.Errorf("PyJWT refuses what the keyring has: %s", refused)
	}
	minted := m.line("token", "mint", f.account(), "--keyring")
	if second := m.lookup(user); second != minted || second == first {
		t.Errorf("after mint --keyring the keyring has %q, minted was %q", second, minted)
	}
	m.must("logout", f.account())
	if left := m.lookup(user); left != "" {
		t.Errorf("after logout the keyring still has %q", left)
	}
}

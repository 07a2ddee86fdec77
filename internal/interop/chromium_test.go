package interop_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// chromium is one real browser, without a window, that can reach loopback only.
type chromium struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp's handle to the browser

	mu         sync.Mutex
	complaints []string
}

// step is one thing a person does, or waits for.
type step = chromedp.Action[chromedp.Void]

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	missing(t, "there is no Chromium (apt-get install chromium)")
	return ""
}

// startChromium opens an empty profile with scripts switched off: no page of
// ours, nor of the emulator, needs one.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(findChromium(t)), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WindowSize(900, 1100),
		chromedp.Env("HOME="+t.TempDir(), "LANG=C.UTF-8"),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-dev-shm-usage", "disable-domain-reliability",
		"metrics-recording-only", "no-pings", "hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options,
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,HttpsUpgrades"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]"),
	)
	limited, cancelLimit := context.WithTimeout(t.Context(), 2*time.Minute)
	allocator, cancelAllocator := chromedp.NewExecAllocator(limited, options...)
	ctx, cancelBrowser := chromedp.NewContext(allocator)
	b := &chromium{t: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // closes the browser and waits for it
		cancelBrowser()
		cancelAllocator()
		cancelLimit()
	})
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal("chromium: ", err)
	}
	b.do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, target, browserlog.Enable, cdp.Empty{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
	return b
}

// listen keeps what the browser complains about: a page that breaks its own
// Content-Security-Policy, something that cannot be loaded.
func (b *chromium) listen(event any) {
	added, ok := event.(*browserlog.EventEntryAdded)
	if !ok || (added.Entry.Level != browserlog.EntryLevelError && added.Entry.Source != browserlog.EntrySourceSecurity) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf("%s: %s", added.Entry.Source, added.Entry.Text))
}

func (b *chromium) do(steps ...step) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal("chromium: ", err)
	}
}

// see is what an action finds on the page.
func see[T any](b *chromium, look chromedp.Action[T]) T {
	b.t.Helper()
	found, err := chromedp.Run(b.ctx, look)
	if err != nil {
		b.t.Fatal("chromium: ", err)
	}
	return found
}

// end is what the person sees last.
type end struct {
	address, heading string
	history          []string
}

func (b *chromium) end() end {
	b.t.Helper()
	e := end{address: see(b, chromedp.Location()), heading: see(b, chromedp.Text(chromedp.CSS("h1")))}
	for _, entry := range see(b, chromedp.NavigationEntries()).Entries {
		e.history = append(e.history, entry.URL)
	}
	return e
}

// shot writes a screenshot into the folder INTEROP_SCREENSHOTS, if there is one.
func (b *chromium) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("INTEROP_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "_")+"-"+name+".png")
	if err := os.WriteFile(file, see(b, chromedp.CaptureScreenshot()), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// running is a socialauth that has been started and not ended.
type running struct {
	t              *testing.T
	args           []string
	cmd            *exec.Cmd
	stdout, stderr *lines
	done           chan error
}

func (m *machine) start(args ...string) *running {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 2*time.Minute)
	r := &running{t: m.t, args: args, cmd: m.command(ctx, args...), stdout: newLines(), stderr: newLines(), done: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = r.stdout, r.stderr
	if err := r.cmd.Start(); err != nil {
		cancel()
		m.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		r.done <- r.cmd.Wait()
		close(ended)
	}()
	m.t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

// wait waits for the end that the program comes to by itself.
func (r *running) wait() result {
	r.t.Helper()
	return finish(r.t, r.args, <-r.done, r.stdout, r.stderr)
}

// await waits for a line on one of the streams.
func (r *running) await(stream *lines, find func(line string) string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	found, err := stream.await(ctx, find)
	if err != nil {
		r.t.Fatalf("socialauth %s: %v\n--- stderr\n%s", strings.Join(r.args, " "), err, r.stderr)
	}
	return found
}

// emulate starts the emulator for one provider and points this machine at it.
func (m *machine) emulate(provider string) *running {
	m.t.Helper()
	server := m.start("emulate", provider, "--listen", "127.0.0.1:0")
	base := server.await(server.stdout, findURL)
	m.setenv("SOCIALAUTH_EMULATOR", strings.TrimSuffix(base, "/"))
	name := "SOCIALAUTH_" + strings.ToUpper(provider)
	m.setenv(name+"_CLIENT_ID", "interop")
	m.setenv(name+"_CLIENT_SECRET", "CANARY-CLIENT-SECRET-1")
	return server
}

// What there is to press and to see.
const (
	ada      = chromedp.CSS(`button[name=person][value=ada]`)
	cancel   = chromedp.CSS(`button[name=cancel]`)
	email    = chromedp.CSS(`input[name=scope][value=email]`)
	allow    = chromedp.CSS(`button[name=decision][value=allow]`)
	deny     = chromedp.CSS(`button[name=decision][value=deny]`)
	lastPage = chromedp.CSS(`main#end`)
)

// press waits for a button and clicks it where a person would.
func press(button chromedp.CSS) step {
	return chromedp.Steps(chromedp.WaitVisible(button), chromedp.Click(button))
}

// keyboard reaches a button without a mouse.
func keyboard(button chromedp.CSS) step {
	return chromedp.Steps(chromedp.WaitVisible(button), chromedp.Focus(button), chromedp.KeyEvent("\r"))
}

// signIn starts a sign-in without a browser of its own, and opens the address
// that it prints.
func (b *chromium) signIn(m *machine, args ...string) *running {
	b.t.Helper()
	login := m.start(append([]string{"login", "--no-browser", "--timeout", "90s"}, args...)...)
	b.do(chromedp.Navigate(login.await(login.stderr, findURL)))
	return login
}

// TestChromiumSignsIn clicks through sign-in and consent in a real browser, at
// providers that insist on localhost and at ones that want a literal address.
func TestChromiumSignsIn(t *testing.T) {
	for _, provider := range []string{"facebook", "google", "github", "x", "kakao", "naver"} {
		t.Run(provider, func(t *testing.T) {
			b, m := startChromium(t), newMachine(t)
			m.emulate(provider)
			login := b.signIn(m, provider)
			b.do(chromedp.WaitVisible(ada))
			b.shot("1-sign-in")
			b.do(press(ada), chromedp.WaitVisible(allow))
			b.shot("2-consent")
			b.do(press(allow), chromedp.WaitVisible(lastPage))
			b.shot("3-end")
			last := b.end()
			if r := login.wait(); r.code != 0 || r.stdout != "" {
				t.Fatalf("want exit 0 and nothing on stdout: %v", r)
			}
			checkEnd(t, last, "You are signed in")
			b.checkNoComplaints()
			if token := m.line("token", "print", provider); strings.ContainsAny(token, " \t") {
				t.Errorf("not one token: %q", token)
			}
		})
	}
}

// TestChromiumWithTheKeyboard does the same without a mouse.
func TestChromiumWithTheKeyboard(t *testing.T) {
	b, m := startChromium(t), newMachine(t)
	m.emulate("facebook")
	login := b.signIn(m, "facebook")
	b.do(keyboard(ada), keyboard(allow), chromedp.WaitVisible(lastPage))
	if r := login.wait(); r.code != 0 {
		t.Fatal(r)
	}
}

// TestChromiumDeclinesAPermission unticks one box: the sign-in holds, and what
// was kept back is known.
func TestChromiumDeclinesAPermission(t *testing.T) {
	b, m := startChromium(t), newMachine(t)
	m.emulate("facebook")
	login := b.signIn(m, "facebook", "--scope", "public_profile", "--scope", "email")
	b.do(press(ada), press(email))
	b.shot("unticked")
	b.do(press(allow), chromedp.WaitVisible(lastPage))
	if r := login.wait(); r.code != 0 || !strings.Contains(r.stderr, "email") {
		t.Errorf("want exit 0 and a word about email on stderr: %v", r)
	}
	if status := m.must("status", "facebook", "--json").stdout; !strings.Contains(status, "public_profile") {
		t.Errorf("status --json: %s", status)
	}
}

// TestChromiumSaysNo: whoever says no at either page ends the sign-in at once,
// sees that, and leaves nothing behind.
func TestChromiumSaysNo(t *testing.T) {
	for name, steps := range map[string][]step{
		"deny":   {press(ada), press(deny)},
		"cancel": {press(cancel)},
	} {
		t.Run(name, func(t *testing.T) {
			b, m := startChromium(t), newMachine(t)
			m.emulate("facebook")
			login := b.signIn(m, "facebook")
			b.do(append(steps, chromedp.WaitVisible(lastPage))...)
			b.shot("end")
			last := b.end()
			if r := login.wait(); r.code != 7 || r.stdout != "" {
				t.Errorf("want exit 7 and nothing on stdout: %v", r)
			}
			checkEnd(t, last, "Not signed in")
			if r := m.run("token", "print", "facebook"); r.code != 3 || r.stdout != "" {
				t.Errorf("want exit 3 and nothing on stdout: %v", r)
			}
		})
	}
}

// checkEnd: the last page is ours and says what really happened; neither its
// address nor the browser's history keeps a code or a state.
func checkEnd(t *testing.T, e end, heading string) {
	t.Helper()
	at, err := url.Parse(e.address)
	if err != nil {
		t.Fatal(err)
	}
	if e.heading != heading {
		t.Errorf("the last page says %q, want %q", e.heading, heading)
	}
	if strings.Contains(e.address, "_=_") {
		t.Errorf("the tail #_=_ is in the address bar: %s", e.address)
	}
	if heading == "You are signed in" && at.Path != "/done" {
		t.Errorf("the last page is %s, want /done", e.address)
	}
	for _, seen := range append(e.history, e.address) {
		u, err := url.Parse(seen)
		if err != nil {
			t.Fatal(err)
		}
		if query := u.Query(); u.Port() == at.Port() && (query.Has("code") || query.Has("state")) {
			t.Errorf("the history keeps %s", seen)
		}
	}
}

func (b *chromium) checkNoComplaints() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.complaints)
	for _, complaint := range slices.Compact(b.complaints) {
		b.t.Error("the browser complains: ", complaint)
	}
}

// TestChromiumFixture proves, without our program, that the browser runs and
// that its complaints are heard.
func TestChromiumFixture(t *testing.T) {
	b := startChromium(t)
	file := filepath.Join(t.TempDir(), "page.html")
	text := []byte(`<meta http-equiv="Content-Security-Policy" content="img-src 'none'"><h1>Hello</h1><main id="end"><img src="data:,x"></main>`)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate("file://"+file), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.shot("fixture")
	if e := b.end(); e.heading != "Hello" || !strings.HasSuffix(e.address, "page.html") || len(e.history) == 0 {
		t.Errorf("got %+v", e)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) == 0 || !bytes.Contains([]byte(b.complaints[0]), []byte("Content Security Policy")) {
		t.Errorf("a broken Content-Security-Policy was not heard: %v", b.complaints)
	}
}

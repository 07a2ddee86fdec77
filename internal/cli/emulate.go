package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/socialauth/socialauth/internal/config"
	"github.com/socialauth/socialauth/internal/emulator"
	"github.com/socialauth/socialauth/internal/plain"
	"github.com/socialauth/socialauth/internal/provider"
	"github.com/socialauth/socialauth/internal/term"
)

type emulateOptions struct {
	listen string
	faults []string
	log    string
	list   bool
}

const emulateLong = `Serve stand-ins for the providers on this machine: their paths, their answers, their
oddities, with test people to sign in as. Point socialauth at it with
SOCIALAUTH_EMULATOR, or your own app by its base URLs.

Any client_id is accepted. Faults make it misbehave: --fault token_status=500, for one
provider --fault facebook:deny, for the first request only --fault token_status=500*1.
--list-faults prints them all.

The first line of stdout is the base URL; requests are listed on stderr.`

func (a *App) newEmulateCmd() *cobra.Command {
	var o emulateOptions
	cmd := &cobra.Command{
		Use: "emulate [PROVIDER…]", Short: "Serve stand-ins for the providers, offline", Long: emulateLong,
		Example: "  socialauth emulate facebook google --listen 127.0.0.1:4400\n" +
			"  SOCIALAUTH_EMULATOR=http://127.0.0.1:4400 socialauth login facebook --client-id app --client-secret-file secret",
		ValidArgsFunction: a.completeProviders,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runEmulate(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:4400", "loopback address and port (port 0: any free one)")
	f.StringArrayVar(&o.faults, "fault", nil, "misbehave: `[provider:]name[=value][*times]`")
	f.StringVar(&o.log, "log", "", "file for the request log, one JSON object a line")
	f.BoolVar(&o.list, "list-faults", false, "list the faults and end")
	return cmd
}

func (a *App) runEmulate(ctx context.Context, ids []string, o emulateOptions) error {
	if o.list {
		rows := [][]string{}
		for _, f := range emulator.FaultNames() {
			rows = append(rows, []string{term.NewStyle(a.Term.StdoutColor).Name(strings.TrimSuffix(f.Name+"="+f.Value, "=")), f.Help})
		}
		a.print(term.Table(rows))
		return nil
	}
	list, err := a.emulated(ids)
	if err != nil {
		return err
	}
	logFile, err := openLog(o.log)
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	server, err := emulator.New(emulator.Options{
		Providers: list, Now: a.Now, Faults: o.faults, Log: func(e emulator.Entry) { a.logRequest(logFile, e) },
	})
	if err != nil {
		return usagef("%v", err)
	}
	listener, err := listenLoopback(ctx, o.listen)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	a.print(base + "\n")
	a.announce(base, list)
	return serve(ctx, listener, server.Handler(base))
}

// emulated loads the providers to play; none named means all. They are loaded
// as they are: an emulator of the emulator would be nobody's wish.
func (a *App) emulated(ids []string) ([]*provider.Provider, error) {
	paths, err := config.FindPaths(a.Env)
	if err != nil {
		return nil, err
	}
	plainly := *a
	plainly.Env = overlay(a.Env, map[string]string{"SOCIALAUTH_EMULATOR": ""})
	if len(ids) == 0 {
		return plainly.providers(paths)
	}
	var list []*provider.Provider
	for _, id := range ids {
		p, err := plainly.provider(paths, id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// overlay is env with some variables set.
func overlay(env config.Env, set map[string]string) config.Env {
	return func(name string) string {
		if v, ok := set[name]; ok {
			return v
		}
		return env(name)
	}
}

func openLog(path string) (io.WriteCloser, error) {
	if path == "" {
		return discard{io.Discard}, nil
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

func (a *App) logRequest(file io.Writer, e emulator.Entry) {
	if data, err := marshal(e, ""); err == nil {
		_, _ = file.Write(data)
	}
	a.note("%s", plain.Escape(e.String()))
}

// listenLoopback listens on this machine only (I01).
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	addr, err := netip.ParseAddrPort(address)
	if err != nil || !addr.Addr().IsLoopback() {
		return nil, usagef("--listen wants a loopback address and a port, such as 127.0.0.1:4400, not %q", address)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, (&Error{Exit: exitLocal, Code: "port", Message: fmt.Sprintf("%s cannot be listened on: %v", address, listenCause(err))}).
			hint("any free port: --listen 127.0.0.1:0")
	}
	return l, nil
}

func listenCause(err error) error {
	if op, ok := as[*net.OpError](err); ok {
		err = op.Err
	}
	if sys, ok := as[*os.SyscallError](err); ok {
		err = sys.Err
	}
	return err
}

// announce says what is served and what to set.
func (a *App) announce(base string, list []*provider.Provider) {
	style := term.NewStyle(a.Term.StderrColor)
	a.note("%s", style.Bold("Stand-ins for tests, not the providers themselves."))
	for _, p := range list {
		a.note("  %s  %s/%s", style.Name(p.ID), base, p.ID)
	}
	a.note("Use them with:\n\n  export SOCIALAUTH_EMULATOR=%s", base)
	for _, p := range list {
		name := strings.ToUpper(p.ID)
		a.note("  export %s=demo-client", config.ClientVariable(name, "CLIENT_ID"))
		if p.ClientSecret == provider.SecretRequired {
			a.note("  export %s=demo-secret", config.ClientVariable(name, "CLIENT_SECRET"))
		}
	}
	a.note("\nRequests are listed here; Ctrl-C ends it.")
}

// serve answers until the context ends, then lets requests under way finish.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}

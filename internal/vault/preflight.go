//go:build unix && !darwin

package vault

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	secretsName  = "org.freedesktop.secrets"
	secretsPath  = "/org/freedesktop/secrets"
	secretsIface = "org.freedesktop.Secret.Service"
	loginPath    = secretsPath + "/collection/login"
	busIface     = "org.freedesktop.DBus"
	propsGet     = "org.freedesktop.DBus.Properties.Get"
)

// busAddress finds the session bus as the D-Bus library would, but for its last
// resort: where there is no bus the library starts one that outlives the program, and
// "" is returned here.
func busAddress(getenv func(string) string, runtimeDir string, readFile func(string) ([]byte, error)) string {
	switch addr := getenv("DBUS_SESSION_BUS_ADDRESS"); {
	case strings.HasPrefix(addr, "disabled:"):
		return ""
	case addr != "" && addr != "autolaunch:":
		return addr
	}
	socket := filepath.Join(runtimeDir, "bus")
	if _, err := os.Stat(socket); err == nil {
		return "unix:path=" + dbus.EscapeBusAddressValue(socket)
	}
	// What Ubuntu 16.04 had in place of the socket.
	if text, err := readFile(filepath.Join(runtimeDir, "dbus-session")); err == nil {
		if addr, ok := strings.CutPrefix(string(text), "DBUS_SESSION_BUS_ADDRESS="); ok {
			return strings.TrimRight(addr, "\r\n")
		}
	}
	return ""
}

// preflight asks the bus at address whether the collection that go-keyring
// will use is there and unlocked. Nothing that it asks can make a prompt appear.
// It may start the secret service if the bus knows how, as any call to it would;
// it never starts a bus. Its answers are nil, ErrKeyringLocked, ErrKeyringTimeout,
// *KeyringAbsentError, or what D-Bus said if it is none of these.
func preflight(ctx context.Context, address string) error {
	if address == "" {
		return &KeyringAbsentError{Reason: NoBus}
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return late(ctx, &KeyringAbsentError{Reason: NoBus, Err: err})
	}
	defer conn.Close()
	// The service may go away between two questions, and the bus may have another
	// to put in its place: then all of it is asked once more.
	err = askService(ctx, conn)
	for again := 0; again < 2 && wentAway(err); again++ {
		err = askService(ctx, conn)
	}
	return err
}

func askService(ctx context.Context, conn *dbus.Conn) error {
	if err := serviceUp(ctx, conn.BusObject()); err != nil {
		return err
	}
	service := conn.Object(secretsName, secretsPath)
	path, err := collection(ctx, service)
	if err != nil {
		return err
	}
	locked, err := property[bool](ctx, conn.Object(secretsName, path), "org.freedesktop.Secret.Collection", "Locked")
	switch {
	case err != nil && unknownObject(err): // an alias may name a collection that is gone
		return &KeyringAbsentError{Reason: NoCollection, Err: err}
	case err != nil:
		return late(ctx, err)
	case locked:
		return ErrKeyringLocked
	}
	return nil
}

func unknownObject(err error) bool { return said(err, "UnknownObject", "UnknownMethod") }

func wentAway(err error) bool { return said(err, "NameHasNoOwner", "ServiceUnknown", "NoReply") }

// said reports whether err is one of D-Bus's own errors with these names.
func said(err error, names ...string) bool {
	var e dbus.Error
	name, ok := "", errors.As(err, &e)
	if ok {
		name, ok = strings.CutPrefix(e.Name, busIface+".Error.")
	}
	return ok && slices.Contains(names, name)
}

// late prefers the deadline to whatever error it has caused.
func late(ctx context.Context, err error) error {
	switch cause := ctx.Err(); {
	case cause == nil:
		return err
	case errors.Is(cause, context.DeadlineExceeded):
		return ErrKeyringTimeout
	default:
		return cause
	}
}

func serviceUp(ctx context.Context, bus dbus.BusObject) error {
	var up bool
	if err := bus.CallWithContext(ctx, busIface+".NameHasOwner", 0, secretsName).Store(&up); err != nil {
		return late(ctx, &KeyringAbsentError{Reason: NoBus, Err: err})
	}
	if up {
		return nil
	}
	var names []string
	if err := bus.CallWithContext(ctx, busIface+".ListActivatableNames", 0).Store(&names); err != nil {
		return late(ctx, &KeyringAbsentError{Reason: NoBus, Err: err})
	}
	if !slices.Contains(names, secretsName) {
		return &KeyringAbsentError{Reason: NoService}
	}
	if err := bus.CallWithContext(ctx, busIface+".StartServiceByName", 0, secretsName, uint32(0)).Err; err != nil {
		return late(ctx, &KeyringAbsentError{Reason: NoService, Err: err})
	}
	return nil
}

// collection picks as go-keyring does: the one called login, else the default.
// A service that fails to answer is in trouble, not absent.
func collection(ctx context.Context, service dbus.BusObject) (dbus.ObjectPath, error) {
	paths, err := property[[]dbus.ObjectPath](ctx, service, secretsIface, "Collections")
	if err == nil && slices.Contains(paths, loginPath) {
		return loginPath, nil
	}
	var path dbus.ObjectPath
	if err := service.CallWithContext(ctx, secretsIface+".ReadAlias", dbus.FlagNoAutoStart, "default").Store(&path); err != nil {
		return "", late(ctx, err)
	}
	if path == "/" || !path.IsValid() {
		return "", &KeyringAbsentError{Reason: NoCollection}
	}
	return path, nil
}

func property[T any](ctx context.Context, o dbus.BusObject, iface, name string) (T, error) {
	var v dbus.Variant
	var zero T
	if err := o.CallWithContext(ctx, propsGet, dbus.FlagNoAutoStart, iface, name).Store(&v); err != nil {
		return zero, err
	}
	value, ok := v.Value().(T)
	if !ok {
		return zero, errors.New("the property " + name + " has an unexpected type")
	}
	return value, nil
}

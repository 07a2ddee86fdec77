#!/usr/bin/env bash
# Runs the Windows build of the program for real: under Wine, in a Windows that is
# made for this run and removed after it, against its Credential Manager. Then the
# tests of the packages that have code of their own for Windows, in the same place.
#
#   scripts/test-windows.sh [go test flag]...
#
# Needs wine and gcc-mingw-w64-x86-64, no display and no network but loopback. It
# touches nothing but one temporary folder, which is also HOME while it runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

GO="${GO:-go}"
# The packages under test use files, locks, sockets and programs of the system.
WINDOWS_PACKAGES="${WINDOWS_PACKAGES:-vault oauth config browser term}"

# What the go command keeps stays where it is; everything else moves.
for name in GOENV GOCACHE GOMODCACHE GOPATH; do
  export "$name=$("$GO" env "$name")"
done
root=$(mktemp -d "${TMPDIR:-/tmp}/socialauth-windows.XXXXXX")
root=$(cd "$root" && pwd -P)
# Wine keeps its sockets in TMPDIR, never removes them, and finds a Windows that is
# up by them.
export HOME="$root/home" TMPDIR="$root/tmp" WINEPREFIX="$root/one" WINEDEBUG=-all WINEARCH=win64
# No .NET, no browser engine, no menu entries; ours before Wine's for one DLL.
export WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d;bcryptprimitives=n,b"
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME
# As in section unit of test.sh: a test that skips under Wine runs elsewhere.
unset CI
other="$root/two"
mkdir -p "$HOME" "$TMPDIR"

# Ends the processes of these two Windows, and of no other.
clean_up() {
  local prefix
  for prefix in "$WINEPREFIX" "$other"; do
    [ ! -d "$prefix" ] || WINEPREFIX="$prefix" timeout 30 wineserver -k -w || true
  done
  rm -rf "$root"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '%s\n' "$*"; }

# quietly runs a command and shows what it said only when it fails.
quietly() {
  "$@" >"$root/log" 2>&1 </dev/null || {
    say "failed: $*"
    cat "$root/log"
    exit 1
  }
}

say "building for windows/amd64 and for here"
GOOS=windows GOARCH=amd64 CGO_ENABLED=0 "$GO" build -trimpath -ldflags '-s -w' -o "$root/socialauth.exe" ./cmd/socialauth
CGO_ENABLED=0 "$GO" build -o "$root/socialauth" ./cmd/socialauth
x86_64-w64-mingw32-gcc -O2 -shared -nostdlib -Wl,--entry=0 -o "$root/bcryptprimitives.dll" \
  scripts/windows/c/bcryptprimitives.c -ladvapi32
x86_64-w64-mingw32-gcc -O2 -municode -o "$root/job.exe" scripts/windows/c/job.c

say "$(wine --version): two computers in $root"
quietly timeout 180 wine wineboot --init
quietly timeout 60 wineserver -w
cp "$root/bcryptprimitives.dll" "$WINEPREFIX/drive_c/windows/system32/"
# The second shares the system's files, which nobody writes to; the registry, where
# Wine keeps the Credential Manager, and the person's files are its own.
mkdir -p "$other/drive_c"
cp -al "$WINEPREFIX/drive_c/windows" "$other/drive_c/"
cp -an "$WINEPREFIX/." "$other/"
# Something that runs on keeps Windows up between two commands: starting it anew
# for each would take seconds.
exec 9> >(exec wine cmd >/dev/null 2>&1)
quietly timeout 60 wine "$root/socialauth.exe" version

say "the program (sign-in, Credential Manager, renewal)"
WINE_TEST_EXE="$root/socialauth.exe" WINE_TEST_NATIVE="$root/socialauth" WINE_TEST_OTHER="$other" WINE_TEST_JOB="$root/job.exe" \
  "$GO" test -count=1 -v "$@" ./scripts/windows >"$root/log" 2>&1 9>&- || {
  cat "$root/log"
  exit 1
}
grep -E '^(--- |ok )' "$root/log"
if ! grep -q '^--- PASS' "$root/log" || grep -q '^--- SKIP' "$root/log"; then
  say "a test of the program was not run"
  exit 1
fi

# Wine 8 does not know the newest way to delete a file, by which Go's tests remove
# their folders, and says so in a way that Go does not know. Go has a switch for its
# own tests that takes the older way; only these test binaries are built with it.
say "the packages: $WINDOWS_PACKAGES"
deleting=$("$GO" env GOROOT)/src/internal/syscall/windows/at_windows.go
sed 's/^var TestDeleteatFallback bool$/var TestDeleteatFallback = true/' "$deleting" >"$root/at_windows.go"
grep -q '^var TestDeleteatFallback = true$' "$root/at_windows.go" || say "this Go has no such switch; the tests may not be able to clean up"
printf '{"Replace":{"%s":"%s"}}' "$deleting" "$root/at_windows.go" >"$root/overlay.json"
list=()
for name in $WINDOWS_PACKAGES; do list+=("./internal/$name"); done
GOOS=windows GOARCH=amd64 CGO_ENABLED=0 "$GO" test -count=1 -short -overlay "$root/overlay.json" \
  -exec wine "$@" "${list[@]}" 9>&-

#!/usr/bin/env bash
# Installs what the keyring, race, Windows and interop tests need and is not here yet: from
# the distribution where that is Debian or Ubuntu and we are root or have sudo
# without a password, and the jose package from npm into a folder git ignores.
# It says what it did and what is still missing; only with CI=true is that an error.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

has() { command -v "$1" >/dev/null; }

has_pyjwt() {
  local python
  for python in /usr/bin/python3 python3; do
    "$python" -c 'import jwt, cryptography' >/dev/null 2>&1 && return 0
  done
  return 1
}

has_browser() { has chromium || has chromium-browser || has google-chrome; }

# missing prints "what package…" for each thing that is not here.
missing() {
  has dbus-run-session || echo "dbus-run-session dbus"
  has gnome-keyring-daemon || echo "gnome-keyring-daemon gnome-keyring"
  has secret-tool || echo "secret-tool libsecret-tools"
  has strace || echo "strace strace"
  has zsh || echo "zsh zsh"
  has fish || echo "fish fish"
  has_browser || echo "chromium chromium"
  has_pyjwt || echo "PyJWT python3 python3-jwt python3-cryptography"
  has node || echo "node nodejs"
  has npm || echo "npm npm"
  if [ "$(uname -m)" = x86_64 ]; then
    has wine || echo "wine wine wine64"
    has x86_64-w64-mingw32-gcc || echo "mingw-w64 gcc-mingw-w64-x86-64"
  fi
  has "$(go env CC)" || echo "C-compiler gcc libc6-dev"
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

wanted=$(missing)
if [ -n "$wanted" ] && has apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
  packages=$(printf '%s\n' "$wanted" | cut -d' ' -f2- | tr '\n' ' ')
  echo "apt-get install $packages"
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of packages
  if ! { as_root apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log"
  fi
  rm -f "$log"
fi

js=internal/interop/js
if has npm && ! cmp -s "$js/package-lock.json" "$js/node_modules/.installed"; then
  echo "npm ci in $js"
  if npm ci --prefix "$js" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null; then
    cp "$js/package-lock.json" "$js/node_modules/.installed"
  fi
fi

still=$(missing | cut -d' ' -f1 | tr '\n' ' ')
[ -d "$js/node_modules/jose" ] || still+="jose(npm) "
if [ -z "$still" ]; then
  echo "all there"
elif [ "${CI:-}" = true ]; then
  echo "missing, and CI=true: $still"
  exit 1
else
  echo "missing, their tests will be skipped: $still"
fi

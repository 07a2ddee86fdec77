#!/usr/bin/env bash
# Runs the sections of the test suite that are named, or all of them, and says
# at the end how each went. A section that fails does not hide the next one.
#
#   scripts/test.sh [check|unit|race|cross|reproducible|tools|keyring|windows|interop]...
#
# With CI=true, what cannot run is a failure; elsewhere it is named as skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

GO="${GO:-go}"
CI="${CI:-}"
export GO CI

# Packages whose promise is about several goroutines or processes at once.
RACE_PACKAGES="${RACE_PACKAGES:-account emulator httpx jose oauth vault}"
# Packages with tests against a real Secret Service; those tests are named so.
KEYRING_PACKAGES="${KEYRING_PACKAGES:-vault cli}"
# Those tests; they start gnome-keyring themselves, so they have a section.
readonly REAL_KEYRING='^TestSecretService'

readonly SKIPPED=75 # EX_TEMPFAIL: the exit status of a section that could not run

say() { printf '%s\n' "$*"; }

# skip ends a section that lacks something.
skip() {
  if [ "$CI" = true ]; then
    say "not possible here, and CI=true: $*"
    exit 1
  fi
  say "skipped: $*"
  exit $SKIPPED
}

# packages prints the import paths of the named packages and what is inside them.
packages() {
  local name
  for name; do "$GO" list "./internal/$name/..."; done
}

section_check() { # gofmt and go vet
  local unformatted
  unformatted=$(git ls-files -co --exclude-standard '*.go' | while read -r f; do [ -f "$f" ] && gofmt -l "$f"; done)
  if [ -n "$unformatted" ]; then
    say "not formatted (make format):" "$unformatted"
    exit 1
  fi
  "$GO" mod verify
  "$GO" vet ./...
  (cd internal/interop && "$GO" vet ./...)
}

section_unit() { # go test ./..., which needs Go alone
  env -u DBUS_SESSION_BUS_ADDRESS "$GO" test -skip "$REAL_KEYRING" ./...
}

section_race() { # the concurrent packages under the race detector
  command -v "$("$GO" env CC)" >/dev/null || skip "the race detector needs a C compiler"
  local list
  # shellcheck disable=SC2086 # a list of names
  list=$(packages $RACE_PACKAGES)
  # shellcheck disable=SC2086 # a list of packages
  env -u DBUS_SESSION_BUS_ADDRESS CGO_ENABLED=1 "$GO" test -race -skip "$REAL_KEYRING" $list
}

section_cross() { # compile and vet for the other platforms
  local target
  for target in windows/amd64 darwin/arm64; do
    say "$target: go vet ./... (tests too), go build"
    GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 "$GO" vet ./...
    GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 "$GO" build -o /dev/null ./cmd/socialauth
  done
}

section_reproducible() { # two builds in two folders are equal, and within the size budget
  scripts/reproducible.sh
}

section_tools() { # what the next sections need, installed where that is possible
  scripts/install-test-tools.sh
}

section_keyring() { # the vault against a real Secret Service, in each state it can be in
  local tool list out
  for tool in dbus-run-session gnome-keyring-daemon secret-tool; do
    command -v "$tool" >/dev/null || skip "there is no $tool (apt-get install dbus gnome-keyring libsecret-tools)"
  done
  # shellcheck disable=SC2086 # a list of names
  list=$(packages $KEYRING_PACKAGES)
  # shellcheck disable=SC2086 # a list of packages
  out=$("$GO" test -count=1 -v -run "$REAL_KEYRING" $list 2>&1) || {
    say "$out"
    exit 1
  }
  grep -E '^ *--- |^ok ' <<<"$out" | grep -v 'no tests to run'
  if ! grep -q '^--- PASS' <<<"$out" || grep -q '^ *--- SKIP' <<<"$out"; then
    say "a test of $REAL_KEYRING did not run"
    exit 1
  fi
}

section_windows() { # the Windows build for real, against a Credential Manager, under Wine
  local tool
  [ "$(uname -sm)" = "Linux x86_64" ] || skip "Wine runs programs for amd64 on Linux on amd64 only"
  for tool in wine wineserver x86_64-w64-mingw32-gcc; do
    command -v "$tool" >/dev/null || skip "there is no $tool (apt-get install wine wine64 gcc-mingw-w64-x86-64)"
  done
  scripts/test-windows.sh
}

section_interop() { # programs nobody here wrote
  cd internal/interop
  "$GO" test -count=1 ./...
}

all="check tools unit race cross reproducible keyring windows interop"
results="" passed=0 failed=0 skipped=0

# shellcheck disable=SC2086 # a list of names
[ $# -gt 0 ] || set -- $all
for name; do
  if ! declare -F "section_$name" >/dev/null; then
    say "there is no section $name; there are: $all" >&2
    exit 2
  fi
  printf '\n== %s: %s\n' "$name" "$(sed -n "s/^section_$name() { # //p" scripts/test.sh)"
  started=$SECONDS
  # Not `( … ) || …`: errexit would be off inside.
  set +e
  (
    set -e
    "section_$name"
  )
  status=$?
  took=$((SECONDS - started))
  case $status in
    0) passed=$((passed + 1)) verdict=passed ;;
    "$SKIPPED") skipped=$((skipped + 1)) verdict=skipped ;;
    *) failed=$((failed + 1)) verdict=FAILED ;;
  esac
  results+=$(printf '  %-13s %-8s %4d s' "$name" "$verdict" "$took")$'\n'
done

printf '\n== result\n%s\n' "$results"
printf 'sections: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# Runs the benchmarks, and those that need a Secret Service inside one if that is
# installed. What cannot run is named.
#
#   BENCH=regexp BENCHTIME=1s scripts/bench.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

GO="${GO:-go}"
options=(-run '^$' -benchtime "${BENCHTIME:-1s}" -timeout 10m)
readonly REAL_KEYRING='^BenchmarkSecretService'

# report leaves out packages without benchmarks.
report() { grep -v -e 'no test files' -e '^PASS$' -e '^?' || true; }

"$GO" test "${options[@]}" -bench "${BENCH:-.}" -benchmem -skip "$REAL_KEYRING" ./... | report

[ "${BENCH:-.}" != . ] || scripts/bench-jose.sh

printf '\n== with a real Secret Service\n'
for tool in dbus-run-session gnome-keyring-daemon; do
  command -v "$tool" >/dev/null || {
    echo "left out: there is no $tool (apt-get install dbus gnome-keyring)"
    exit 0
  }
done
internal/vault/testdata/with-secret-service.sh -- \
  "$GO" test "${options[@]}" -bench "$REAL_KEYRING" ./internal/vault ./internal/cli | report

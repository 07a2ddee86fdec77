#!/usr/bin/env bash
# Prints what decode and verify take as whole processes, beside other programs and
# libraries, in one run on the same input. Figures of one machine mean something
# beside each other and nowhere else.
#
#   scripts/bench-jose.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SOCIALAUTH_BENCH=1 "${GO:-go}" test -count=1 -timeout 10m -run '^TestBenchProcesses$' ./internal/jose -v |
  grep -v -e '^=== ' -e '^--- ' -e '^PASS$' -e '^ok '

#!/usr/bin/env bash
# Runs each fuzz target of the module for the given time, one after the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
GO="${GO:-go}"
time="${1:-30s}"
count=0
for package in $("$GO" list ./...); do
  for target in $("$GO" test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    printf '\n== %s %s\n' "${package##*/socialauth/}" "$target"
    "$GO" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
    count=$((count + 1))
  done
done
printf '\n%d fuzz targets, %s each, nothing found\n' "$count" "$time"
[ "$count" -gt 0 ]

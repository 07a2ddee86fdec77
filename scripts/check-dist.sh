#!/usr/bin/env bash
# Looks into what goreleaser made: is every target there, are the binaries small
# enough, does each archive and package hold what it should, does the program
# know its version, and do the checksums hold (and fail when a byte changes)?
set -euo pipefail
dist=$(cd "${1:-dist}" && pwd)
MAX_BYTES="${MAX_BYTES:-12000000}"
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# holds LISTING NAME...: each name ends a line of the listing.
holds() {
  local listing=$1 name
  shift
  for name in "$@"; do
    grep -qE "(^|[ /])$name\$" <<<"$listing" || fail "$archive has no $name"
  done
}

cd "$dist"
version=$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' metadata.json)
echo "version $version"

for target in linux darwin windows; do
  for arch in amd64 arm64; do
    binary=$(ls -d "socialauth_${target}_${arch}"_*/socialauth*) || fail "no binary for $target/$arch"
    size=$(wc -c <"$binary")
    awk -v t="$target/$arch" -v s="$size" 'BEGIN { printf "%-14s %6.2f MB\n", t, s / 1e6 }'
    [ "$size" -le "$MAX_BYTES" ] || fail "$binary has $size bytes, limit $MAX_BYTES"
    [ -s "socialauth_${version}_${target}_${arch}.cdx.json" ] || fail "no list of parts for $target/$arch"
  done
done

shells="completions/socialauth.bash completions/socialauth.zsh completions/socialauth.fish completions/socialauth.ps1"
for archive in socialauth_"$version"_{linux,darwin}_{amd64,arm64}.tar.gz; do
  # shellcheck disable=SC2086 # a list of names
  holds "$(tar -tf "$archive")" socialauth LICENSE README.md SECURITY.md $shells
done
for archive in socialauth_"$version"_windows_{amd64,arm64}.zip; do
  # shellcheck disable=SC2086 # a list of names
  holds "$(python3 -m zipfile -l "$archive" | awk '{ print $1 }')" socialauth.exe LICENSE README.md SECURITY.md $shells
done
for archive in socialauth_"$version"_linux_{amd64,arm64}.{deb,rpm,apk,pkg.tar.zst}; do
  [ -s "$archive" ] || fail "no $archive"
done
if command -v dpkg-deb >/dev/null; then
  archive=socialauth_${version}_linux_amd64.deb
  listing=$(dpkg-deb -c "$archive")
  holds "$(awk '{ print $6 }' <<<"$listing")" usr/bin/socialauth usr/share/bash-completion/completions/socialauth \
    usr/share/zsh/vendor-completions/_socialauth usr/share/fish/vendor_completions.d/socialauth.fish usr/share/doc/socialauth/copyright
  grep -q '^-rwxr-xr-x root/root .*/usr/bin/socialauth$' <<<"$listing" || fail "$archive: the program is not root's with mode 0755"
  control=$(dpkg-deb --ctrl-tarfile "$archive" | tar -t)
  grep -qE '(inst|rm)$' <<<"$control" && fail "$archive runs a script"
fi
[ -s homebrew/Casks/socialauth.rb ] || fail "no cask"

sums=socialauth_${version}_checksums.txt
sha256sum --quiet -c "$sums" || fail "checksums"
tampered=$(mktemp -d)
trap 'rm -rf "$tampered"' EXIT
archive=socialauth_${version}_linux_amd64.tar.gz
cp "$archive" "$tampered"
printf x >>"$tampered/$archive"
(cd "$tampered" && grep " $archive\$" "$dist/$sums" | sha256sum --status -c -) && fail "a changed archive passed its checksum"

if [ "$(uname -s)" = Linux ]; then
  case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch= ;; esac
  for program in socialauth_linux_"$arch"_*/socialauth; do
    [ -n "$arch" ] || continue
    said=$("$program" version) || fail "version"
    grep -qF "$version" <<<"$said" || fail "the program says it is '$said', not $version"
    listed=$(sed -n 's/^\tdep\t\([^\t]*\)\t\([^\t]*\).*/\1@\2/p' <(go version -m "$program") | sort)
    described=$(sed -n 's/^      "purl": "pkg:golang\/\(.*\)",\{0,1\}$/\1/p' "socialauth_${version}_linux_$arch.cdx.json" | grep -vE '^(std|github.com/socialauth/socialauth)@' | sort)
    [ "$listed" = "$described" ] || fail "the list of parts is not what is linked: $(diff <(echo "$listed") <(echo "$described"))"
  done
fi

[ "$failures" = 0 ] && echo "dist is as it should be"

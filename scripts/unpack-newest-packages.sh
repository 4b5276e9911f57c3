#!/bin/sh
# Unpacks packages of Debian's unstable suite, from the mirror this machine uses, into a folder: nothing is installed,
# and the machine's own package lists stay as they are.
# usage: unpack-newest-packages.sh [--whole] FOLDER PACKAGE…   (--whole: with everything that the packages depend on)
set -eu
whole=no
[ "$1" != --whole ] || { whole=yes; shift; }
folder=$1
shift
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' | grep -m1 debian)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/parts" "$work/debs"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts" \
    -o Dir::State::lists="$work/state/lists" -o Dir::Cache="$work/cache" -o Dir::State::status=/dev/null \
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=1 -o Acquire::http::Timeout=30 \
    -o APT::Sandbox::User=root "$@"
}
apt update
if [ "$whole" = yes ]; then
  apt install --download-only --no-install-recommends --yes "$@" >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
  debs=$work/cache/archives
else
  (cd "$work/debs" && apt download "$@")
  debs=$work/debs
fi
mkdir -p "$folder"
for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$folder"; done

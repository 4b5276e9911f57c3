#!/bin/sh
# Installs what Wharf needs and this machine lacks: Debian packages, then npm packages (with Node 24 among them).
# Quick when nothing is missing; safe to repeat.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

[ "$(uname -s)" = Linux ] || fail "Wharf runs on Linux; this is $(uname -s)"

# What the engine runs (the first line) and what the demo and the tests make base images with (the second).
packages="crun conmon aardvark-dns nftables iproute2 procps isal zstd xz-utils bzip2 catatonit golang-github-containers-common
mmdebstrap debian-archive-keyring busybox-static skopeo ca-certificates"

if command -v dpkg-query >/dev/null 2>&1; then
  missing=
  for package in $packages; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
      "install ok installed") ;;
      *) missing="$missing $package" ;;
    esac
  done
  if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || fail "these Debian packages are missing:$missing (run as root to have them installed)"
    say "installing Debian packages:$missing"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    trap 'rm -f "$log"' EXIT
    { apt-get update && apt-get install -y --no-install-recommends $missing; } > "$log" 2>&1 || {
      tail -n 20 "$log" >&2
      fail "apt-get could not install:$missing"
    }
  fi
  # The registry that the tests put beside our Hub: unpacked, since its package brings a service.
  registry=.cache/tools/usr/bin/docker-registry
  if [ ! -x "$registry" ] && ! command -v docker-registry >/dev/null 2>&1; then
    say "unpacking docker-registry"
    sh scripts/unpack-packages.sh .cache/tools docker-registry || fail "docker-registry could not be had from Debian's packages"
  fi
  # Shells that complete our commands, and an ssh server to call: their tests say so where they are missing.
  if [ ! -x .cache/tools/bin/zsh ] || [ ! -x .cache/tools/usr/bin/fish ] || [ ! -x .cache/tools/usr/sbin/sshd ]; then
    say "unpacking zsh, fish and sshd"
    sh scripts/unpack-packages.sh .cache/tools zsh zsh-common fish fish-common libpcre2-32-0 openssh-server libwrap0 ||
      say "zsh, fish and sshd could not be had from Debian's packages; their tests will be skipped"
  fi
else
  for program in crun conmon nft ip; do
    command -v "$program" >/dev/null 2>&1 || fail "$program is not installed, and this is no Debian: install it by hand"
  done
fi

stamp=node_modules/.wharf-lock
if ! cmp -s package-lock.json "$stamp" 2>/dev/null || [ ! -x node_modules/.bin/node ]; then
  command -v npm >/dev/null 2>&1 || fail "npm is not installed (apt-get install npm)"
  say "installing npm packages"
  # `install --no-save` keeps to the lock file as `ci` does, and copes with registries that lack other platforms' binaries.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$stamp"
fi

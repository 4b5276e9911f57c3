#!/bin/sh
# Fetches what the tests put beside Wharf, once, into the checkout's cache: Debian's newest docker-compose and dockerd,
# and an older docker client.
# Where that fails the tests that want them say so and are skipped; this never fails.
set -u
cd "$(dirname "$0")/../.."
say() { printf 'test peers: %s\n' "$*" >&2; }

compose=.cache/peers/usr/libexec/docker/cli-plugins/docker-compose
if [ ! -x "$compose" ]; then
  say "unpacking docker-compose"
  sh scripts/unpack-newest-packages.sh .cache/peers docker-compose || say "docker-compose could not be had"
fi

# The last client that speaks to both of dockerd's builders without a plugin: version 20.10, of Debian 12.
if [ ! -x .cache/peers/usr/bin/docker ]; then
  say "unpacking docker"
  # Only the client: where its dockerd is, the bench takes all that belongs to it to be there.
  whole=$(mktemp -d)
  sh scripts/unpack-packages.sh "$whole" docker.io && mkdir -p .cache/peers/usr/bin &&
    mv "$whole/usr/bin/docker" .cache/peers/usr/bin/docker || say "docker could not be had"
  rm -rf "$whole"
fi

# A small root of its own to be entered by chroot: this dockerd wants a newer C library than the machine may have.
root=.cache/newest-dockerd
if [ ! -e "$root/complete" ]; then
  say "unpacking dockerd"
  rm -rf "$root"
  mkdir -p "$root"/usr/bin "$root"/usr/sbin "$root"/usr/lib "$root"/usr/lib64
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
  sh scripts/unpack-newest-packages.sh --whole "$root" docker.io busybox-static iptables procps && {
    for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
      ln -sf xtables-nft-multi "$root/usr/sbin/$name"
    done
    rm -rf "$root"/usr/share "$root"/usr/bin/ctr
    mkdir -p "$root"/proc "$root"/sys "$root"/dev "$root"/run "$root"/tmp "$root"/work "$root"/etc
    touch "$root/complete"
  } || say "dockerd could not be had"
fi
exit 0

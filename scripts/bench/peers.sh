#!/bin/sh
# Unpacks Debian's dockerd (with containerd and iptables) into the checkout's cache, for the bench to measure beside, and
# what loads a network for it: wrk and nginx.
set -eu
cd "$(dirname "$0")/../.."
target=$PWD/.cache/peers
if [ ! -x "$target/usr/bin/wrk" ] || [ ! -x "$target/usr/sbin/nginx" ]; then
  sh scripts/unpack-packages.sh "$target" wrk libluajit-5.1-2 nginx libpcre2-8-0
fi
[ ! -x "$target/usr/sbin/dockerd" ] || exit 0
sh scripts/unpack-packages.sh "$target" docker.io containerd runc iptables libxtables12 libip4tc2 libip6tc2 \
  libnetfilter-conntrack3 libnfnetlink0 libmnl0 libnftnl11 libdevmapper1.02.1
# Debian's alternatives system would make these links on installation.
for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
  ln -sf xtables-nft-multi "$target/usr/sbin/$name"
done

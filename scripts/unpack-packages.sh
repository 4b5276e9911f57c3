#!/bin/sh
# Unpacks Debian packages into a folder: nothing is installed on the machine, and no service starts.
# usage: unpack-packages.sh FOLDER PACKAGE…
set -eu
folder=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 777 "$work"
(
  cd "$work"
  apt-cache show "$1" >/dev/null 2>&1 || apt-get update -qq
  apt-get download -qq "$@" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$@"; }
  mkdir root
  for deb in ./*.deb; do dpkg-deb -x "$deb" root; done
)
mkdir -p "$folder"
cp -a "$work/root/." "$folder/"

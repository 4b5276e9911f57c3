#!/bin/sh
# Unpacks Debian packages into a folder together with what of their dependencies this machine lacks: a program for tests
# runs from there with LD_LIBRARY_PATH, and nothing is installed.
# usage: unpack-with-missing.sh FOLDER PACKAGE…
set -eu
folder=$1
shift
apt-cache show "$1" >/dev/null 2>&1 || apt-get update -qq
packages=$(apt-get install -s --no-install-recommends "$@" | awk '/^Inst/ { print $2 }')
[ -n "$packages" ] || exit 0
# shellcheck disable=SC2086 # one word a package
sh "$(dirname "$0")/unpack-packages.sh" "$folder" $packages

#!/bin/sh
# Runs a program of this checkout with the Node that setup installed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
exec "$root/node_modules/.bin/node" --disable-warning=ExperimentalWarning "$@"

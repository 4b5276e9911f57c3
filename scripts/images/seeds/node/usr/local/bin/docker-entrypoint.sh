#!/bin/sh
# Runs a command, or Node where the first word is a flag or a script and no command.
set -e
case ${1-} in
  -*) set -- node "$@" ;;
  *) if ! command -v "${1-}" >/dev/null 2>&1 || { [ -f "${1-}" ] && [ ! -x "${1-}" ]; }; then set -- node "$@"; fi ;;
esac
exec "$@"

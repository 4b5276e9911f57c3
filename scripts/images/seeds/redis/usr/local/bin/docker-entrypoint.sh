#!/bin/sh
# Starts Redis as its own user, with the folder it works in made its own.
set -e

case ${1-} in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1-}" = redis-server ] || exec "$@"

# Debian's build serves loopback alone unless there is a password; in a container, loopback reaches nobody.
shift
case ${1-} in
  '' | -*) set -- --protected-mode no "$@" ;;
  *) grep -qs '^[[:space:]]*protected-mode' "$1" || set -- "$@" --protected-mode no ;;
esac
if [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown -h redis {} +
  exec setpriv --reuid=redis --regid=redis --clear-groups -- redis-server "$@"
fi
exec redis-server "$@"

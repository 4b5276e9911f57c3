#!/bin/sh
# Starts Wharf from its own folder, wherever that lies, with the Node that came along or with one of this machine.
self=$0
while [ -h "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    */*) self=${self%/*}/$target ;;
    *) self=${self%/*}/./$target ;;
  esac
done
case $self in
  /*) ;;
  *) self=$PWD/$self ;;
esac
root=${self%/*}/..
if [ -z "${NODE_COMPILE_CACHE:-}" ]; then
  cache=$root/node_modules/.cache/wharf-code
  [ -d "$cache" ] || { [ -w "$root/node_modules" ] && mkdir -p "$cache" 2>/dev/null; }
  # Who may only read it still gains by it.
  [ ! -d "$cache" ] || export NODE_COMPILE_CACHE="$cache" NODE_COMPILE_CACHE_PORTABLE=1
fi
node=$root/lib/node
[ -x "$node" ] || node=node
# Without the dashes Node would take an --env-file of `run` for its own.
exec "$node" --disable-warning=ExperimentalWarning -- "$root/lib/code/wharf.cjs" "$@"

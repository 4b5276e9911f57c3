#!/bin/sh
# Prepares the configuration of nginx (templates, scripts of /docker-entrypoint.d), then becomes the server.
set -e

say() { [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS-}" ] || echo "$0: $*"; }

# Each template's variables are replaced where the environment has them; others are nginx's own.
fill_templates() {
  from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
  suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
  to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  [ -d "$from" ] || return 0
  known=$(env | sed -n "s/^\(${NGINX_ENVSUBST_FILTER-}[A-Za-z0-9_]*\)=.*/\${\1}/p" | tr '\n' ' ')
  find "$from" -follow -type f -name "*$suffix" | sort | while read -r template; do
    name=${template#"$from/"}
    target=$to/${name%"$suffix"}
    mkdir -p "$(dirname "$target")"
    say "writing $target"
    envsubst "$known" <"$template" >"$target"
  done
}

case ${1-} in
  nginx | nginx-debug)
    fill_templates
    for script in /docker-entrypoint.d/*; do
      case $script in
        *.envsh) [ ! -x "$script" ] || . "$script" ;;
        *.sh) [ ! -x "$script" ] || { say "running $script"; "$script"; } ;;
      esac
    done
    ;;
esac
exec "$@"

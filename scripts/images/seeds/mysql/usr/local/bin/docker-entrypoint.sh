#!/bin/bash
# Starts MySQL. On the first start it makes the data folder, the users and the database that the environment asks for,
# and runs what is in /docker-entrypoint-initdb.d.
set -e -o pipefail
shopt -s nullglob

say() { printf '%s [entrypoint] %s\n' "$(date -u +%FT%TZ)" "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

# Takes the variable $1 from the file that $1_FILE names, where that is set.
take() {
  local name=$1 file=$1_FILE
  [ -n "${!file}" ] || return 0
  [ -z "${!name}" ] || fail "$name and $file are both set; use one of them"
  [ -r "${!file}" ] || fail "$file names ${!file}, which cannot be read"
  export "$name=$(<"${!file}")"
  unset "$file"
}

text() {
  local escaped=${1//\\/\\\\}
  printf "'%s'" "${escaped//\'/\\\'}"
}
name() { printf '`%s`' "${1//\`/\`\`}"; }

# A first start that was cut short leaves this mark, so that the next one begins anew instead of serving half a database.
mark=.first-start-unfinished

assert_asked_well() {
  if [ -z "$MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    fail 'there is no database yet, and nothing says how root logs in: set one of MYSQL_ROOT_PASSWORD,' \
      'MYSQL_ALLOW_EMPTY_PASSWORD and MYSQL_RANDOM_ROOT_PASSWORD'
  fi
  [ "$MYSQL_USER" != root ] || fail 'MYSQL_USER cannot be root: that user is there anyway, with MYSQL_ROOT_PASSWORD'
  if [ -n "$MYSQL_USER" ] && [ -z "$MYSQL_PASSWORD" ]; then fail 'MYSQL_USER is set without MYSQL_PASSWORD'; fi
}

# The server of the first start: on no port, and on a socket of its own, so that nobody takes it for the one to come.
start_hidden_server() {
  export MYSQL_UNIX_PORT=/var/run/mysqld/first-start.sock
  "$@" --socket="$MYSQL_UNIX_PORT" --skip-networking --mysqlx=OFF --default-time-zone=SYSTEM --skip-log-bin &
  server=$!
  until MYSQL_PWD='' mysqladmin --user=root ping >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || fail 'the server ended during the first start'
    sleep 0.1
  done
}

stop_hidden_server() {
  kill "$server"
  wait "$server" || fail 'the server of the first start ended badly'
  unset MYSQL_UNIX_PORT
}

query() { MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root --comments ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"}; }

make_users() {
  local password
  password=$(text "$MYSQL_ROOT_PASSWORD")
  echo "ALTER USER root@localhost IDENTIFIED BY $password;"
  if [ "${MYSQL_ROOT_HOST=%}" != localhost ] && [ -n "$MYSQL_ROOT_HOST" ]; then
    echo "CREATE USER root@$(text "$MYSQL_ROOT_HOST") IDENTIFIED BY $password;"
    echo "GRANT ALL ON *.* TO root@$(text "$MYSQL_ROOT_HOST") WITH GRANT OPTION;"
  fi
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS $(name "$MYSQL_DATABASE");"
  [ -n "$MYSQL_USER" ] || return 0
  echo "CREATE USER $(text "$MYSQL_USER")@'%' IDENTIFIED BY $(text "$MYSQL_PASSWORD");"
  # In a grant, _ and % of a database's name stand for other characters.
  local database=${MYSQL_DATABASE//_/\\_}
  [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON $(name "${database//%/\\%}").* TO $(text "$MYSQL_USER")@'%';"
}

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "running $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) query <"$file" ;;
      *.sql.gz) gzip -dc "$file" | query ;;
      *) say "left out $file: neither .sh, .sql nor .sql.gz" ;;
    esac
  done
}

first_start() {
  assert_asked_well
  if [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ] && [ -z "$MYSQL_ROOT_PASSWORD" ]; then
    MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
    say "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
  fi
  export MYSQL_ROOT_PASSWORD
  touch "$data/$mark"
  say 'making the data folder'
  "$@" --initialize-insecure
  start_hidden_server "$@"
  if [ -z "$MYSQL_INITDB_SKIP_TZINFO" ]; then
    mysql_tzinfo_to_sql /usr/share/zoneinfo 2>/dev/null | mysql --user=root mysql
  fi
  make_users | mysql --user=root
  run_scripts
  [ -z "$MYSQL_ONETIME_PASSWORD" ] || echo 'ALTER USER root@localhost PASSWORD EXPIRE;' | query
  stop_hidden_server
  rm "$data/$mark"
  say 'the first start is done'
}

case ${1-} in -*) set -- mysqld "$@" ;; esac
for argument; do
  case $argument in -'?' | --help | --print-defaults | -V | --version) exec "$@" ;; esac
done
[ "${1-}" = mysqld ] || exec "$@"

for variable in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do take "$variable"; done
# Root's half, which may read what only root can, comes here a second time as the user of the server.
if [ -z "$ENTRYPOINT_DATA" ]; then
  settings=$("$@" --verbose --help 2>/tmp/refusals) || fail "mysqld refuses these settings: $(cat /tmp/refusals)"
  rm -f /tmp/refusals
  ENTRYPOINT_DATA=$(awk '$1 == "datadir" { sub(/^[^ ]+ +/, ""); print; exit }' <<<"$settings")
  mkdir -p "$ENTRYPOINT_DATA"
fi
data=${ENTRYPOINT_DATA%/}
if [ "$(id -u)" = 0 ]; then
  find "$data" /var/run/mysqld ! -user mysql -exec chown -h mysql {} +
  export ENTRYPOINT_DATA
  exec setpriv --reuid=mysql --regid=mysql --clear-groups -- "$0" "$@"
fi
unset ENTRYPOINT_DATA
if [ -e "$data/$mark" ]; then
  say 'the first start was cut short; beginning anew'
  find "$data" -mindepth 1 -delete
fi
if [ ! -d "$data/mysql" ]; then
  trap 'kill "$server" 2>/dev/null; exit 143' TERM INT
  first_start "$@"
  trap - TERM INT
fi
exec "$@"

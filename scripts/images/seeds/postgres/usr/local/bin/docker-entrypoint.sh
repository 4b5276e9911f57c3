#!/bin/bash
# Starts PostgreSQL. On the first start it makes the cluster, the user and the database that the environment asks for,
# and runs what is in /docker-entrypoint-initdb.d.
set -e -o pipefail
shopt -s nullglob dotglob

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

# A first start that was cut short leaves this mark, so that the next one begins anew instead of serving half a database.
mark=$PGDATA/.first-start-unfinished

assert_asked_well() {
  [ -n "$POSTGRES_PASSWORD" ] || [ "$POSTGRES_HOST_AUTH_METHOD" = trust ] ||
    fail 'there is no database yet, and POSTGRES_PASSWORD is not set (POSTGRES_HOST_AUTH_METHOD=trust lets everybody in)'
}

make_cluster() {
  # initdb wants an empty folder, and the mark is in this one.
  local new=$PGDATA/.new
  mkdir "$new"
  local wal=()
  [ -z "$POSTGRES_INITDB_WALDIR" ] || wal=(--waldir "$POSTGRES_INITDB_WALDIR")
  local word arguments=()
  for word in $POSTGRES_INITDB_ARGS; do arguments+=("$word"); done
  initdb -D "$new" --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${wal[@]}" "${arguments[@]}"
  mv "$new"/* "$PGDATA"/
  rmdir "$new"
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -D "$PGDATA" -C password_encryption)}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

query() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" "$@"
}

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "running $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) query --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) gzip -dc "$file" | query --dbname "$POSTGRES_DB" ;;
      *) say "left out $file: neither .sh, .sql nor .sql.gz" ;;
    esac
  done
}

first_start() {
  assert_asked_well
  touch "$mark"
  make_cluster
  # The server of the first start listens on no port and on a socket of its own, so that nobody takes it for the one to come.
  export PGHOST
  PGHOST=$(mktemp -d)
  local password=$POSTGRES_PASSWORD
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w -t 300 -o "-c listen_addresses='' -c unix_socket_directories=$PGHOST" start
  export PGPASSWORD=${PGPASSWORD-$password}
  if [ "$POSTGRES_DB" != postgres ]; then
    query --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  run_scripts
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w -t 300 stop
  rmdir "$PGHOST"
  unset PGHOST PGPASSWORD
  rm "$mark"
  say 'PostgreSQL init process complete; ready for start up.'
}

case ${1-} in -*) set -- postgres "$@" ;; esac
[ "${1-}" = postgres ] || exec "$@"
for argument; do
  case $argument in -'?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

for variable in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do take "$variable"; done
export POSTGRES_USER=${POSTGRES_USER:-postgres}
export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
mkdir -p "$PGDATA"
if [ "$(id -u)" = 0 ]; then
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown -h postgres {} +
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
chmod 700 "$PGDATA" 2>/dev/null || true
if [ -e "$mark" ]; then
  say 'the first start was cut short; beginning anew'
  find "$PGDATA" -mindepth 1 -delete
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  trap 'pg_ctl -D "$PGDATA" -m immediate stop >/dev/null 2>&1; exit 143' TERM INT
  first_start
  trap - TERM INT
fi
exec "$@"

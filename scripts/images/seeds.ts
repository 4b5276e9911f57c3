// The services people reach for first, as images of the names, variables and folders they know: made where needed, not for every run.
import { type Recipe, searchPath } from './recipes.ts';

const perl = ['/usr/share/perl/*', '/usr/lib/*/perl/*'];

const mysql: Recipe = {
  name: 'mysql:9.7',
  tags: ['9', 'latest'],
  suite: 'sid',
  packages: ['mysql-server-core', 'mysql-client-core', 'tzdata'],
  exclude: [
    ...perl,
    '/usr/bin/myisam*',
    '/usr/bin/perror',
    '/usr/bin/ibd2sdi',
    '/usr/bin/innochecksum',
    '/usr/bin/mysql_config_editor',
    '/usr/bin/mysql_migrate_keyring',
    '/usr/bin/mysql_secure_installation',
    '/usr/bin/mysqlimport',
    '/usr/bin/mysqlshow',
    '/usr/bin/mysqlslap',
    '/usr/lib/mysql/plugin/authentication_*',
    '/usr/lib/mysql/plugin/*telemetry*',
    '/usr/lib/mysql/plugin/group_replication.so',
    '/usr/lib/*/gconv/*',
  ],
  finish: [
    'groupadd --system --gid 999 mysql',
    'useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --shell /bin/bash mysql',
    'mkdir -p /var/lib/mysql /var/lib/mysql-files /run/mysqld /docker-entrypoint-initdb.d',
    'chown mysql:mysql /var/lib/mysql /var/lib/mysql-files /run/mysqld',
    'chmod 1777 /run/mysqld && chmod 750 /var/lib/mysql-files',
  ],
  keepsRun: true,
  files: 'mysql',
  config: {
    Env: [searchPath, 'LANG=C.UTF-8', 'MYSQL_MAJOR=9.7'],
    ExposedPorts: { '3306/tcp': {}, '33060/tcp': {} },
    Volumes: { '/var/lib/mysql': {} },
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: ['mysqld'],
  },
};

const postgres: Recipe = {
  name: 'postgres:15',
  tags: ['latest'],
  packages: ['postgresql-15', 'tzdata'],
  exclude: [
    '/usr/lib/*/libLLVM*',
    '/usr/lib/*/libz3*',
    '/usr/lib/postgresql/15/lib/bitcode/*',
    '/usr/lib/postgresql/15/lib/llvmjit*',
  ],
  finish: [
    // The packages want Perl for what only an installed Debian does with them; the pg_* wrappers go with it.
    'rm -rf /usr/share/perl /usr/share/perl5 /usr/lib/*/perl /var/lib/postgresql/15 /etc/postgresql',
    'find /usr/bin -lname "*pg_wrapper" -delete',
    'mkdir -p /var/lib/postgresql/data /docker-entrypoint-initdb.d /var/run/postgresql',
    'chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql',
    'chmod 1777 /var/lib/postgresql/data && chmod 3777 /var/run/postgresql',
    'sed -i "s/^#listen_addresses = .*/listen_addresses = \\x27*\\x27/" /usr/share/postgresql/15/postgresql.conf.sample',
  ],
  keepsRun: true,
  files: 'postgres',
  config: {
    Env: [
      'PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'LANG=C.UTF-8',
      'PG_MAJOR=15',
      'PGDATA=/var/lib/postgresql/data',
    ],
    ExposedPorts: { '5432/tcp': {} },
    Volumes: { '/var/lib/postgresql/data': {} },
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: ['postgres'],
    StopSignal: 'SIGINT',
  },
};

const redis: Recipe = {
  name: 'redis:7.0',
  tags: ['7', 'latest'],
  packages: ['redis-server', 'tzdata'],
  finish: ['mkdir -p /data && chown redis:redis /data'],
  files: 'redis',
  config: {
    Env: [searchPath],
    ExposedPorts: { '6379/tcp': {} },
    Volumes: { '/data': {} },
    WorkingDir: '/data',
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: ['redis-server'],
  },
};

const nginx: Recipe = {
  name: 'nginx:1.22',
  tags: ['1', 'latest'],
  packages: ['nginx', 'gettext-base', 'ca-certificates', 'curl', 'tzdata'],
  finish: [
    'groupadd --system --gid 101 nginx || groupadd --system nginx',
    'useradd --system --gid nginx --home-dir /nonexistent --no-create-home --shell /bin/false nginx',
    'rm -rf /etc/nginx/sites-* /etc/nginx/modules-enabled/* /etc/nginx/conf.d/* /usr/share/nginx/html/*',
    'ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log',
    'mkdir -p /docker-entrypoint.d',
  ],
  files: 'nginx',
  config: {
    Env: [searchPath, 'NGINX_VERSION=1.22'],
    ExposedPorts: { '80/tcp': {} },
    Entrypoint: ['/docker-entrypoint.sh'],
    Cmd: ['nginx', '-g', 'daemon off;'],
    StopSignal: 'SIGQUIT',
  },
};

const node: Recipe = {
  name: 'node:24',
  tags: ['24-slim', 'lts', 'latest'],
  suite: 'sid',
  packages: ['nodejs', 'npm', 'ca-certificates', 'tzdata'],
  exclude: [...perl, '/usr/include/*', '/usr/lib/*/*.a'],
  finish: ['groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node'],
  files: 'node',
  config: {
    Env: [searchPath, 'NODE_VERSION=24'],
    Entrypoint: ['docker-entrypoint.sh'],
    Cmd: ['node'],
  },
};

/** By the name without tag. */
export const seeds: Record<string, Recipe> = { mysql, postgres, redis, nginx, node };

/** The recipes of these names; a name without recipe is an error. */
export function seedsNamed(names: string[]): Recipe[] {
  return names.map((name) => {
    const recipe = seeds[name];
    if (recipe === undefined)
      throw new Error(`no seed image ${name}; there are ${Object.keys(seeds).join(', ')}`);
    return recipe;
  });
}

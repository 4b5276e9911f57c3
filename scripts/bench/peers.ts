// Where the programs lie that ours is measured beside, and the environment they find each other in.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const peers = join(import.meta.dirname, '../../.cache/peers');

/** `scripts/bench/peers.sh` unpacks one. */
export function isDockerdThere(): boolean {
  return existsSync(join(peers, 'usr/sbin/dockerd')) || existsSync('/usr/sbin/dockerd');
}

/** The client that both engines are driven with where a whole command is measured. */
export function dockerProgram(): string {
  const own = join(peers, 'usr/bin/docker');
  return existsSync(own) ? own : 'docker';
}

/** Docker Compose as a program of its own. */
export function dockerComposeProgram(): string {
  const own = join(peers, 'usr/libexec/docker/cli-plugins/docker-compose');
  return existsSync(own) ? own : '/usr/libexec/docker/cli-plugins/docker-compose';
}

/** The program that loads a server with requests, and the server; undefined where `peers.sh` did not unpack them. */
export function loadPrograms(): { wrk: string; nginx: string } | undefined {
  const programs = { wrk: join(peers, 'usr/bin/wrk'), nginx: join(peers, 'usr/sbin/nginx') };
  return Object.values(programs).every((path) => existsSync(path)) ? programs : undefined;
}

/** The environment in which programs of the unpacked peers find each other. */
export function peerEnvironment(): NodeJS.ProcessEnv {
  const libraries = join(
    peers,
    'usr/lib',
    process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu',
  );
  return {
    ...process.env,
    PATH: `${peers}/usr/sbin:${peers}/usr/bin:${process.env['PATH']}`,
    LD_LIBRARY_PATH: libraries,
    XTABLES_LIBDIR: join(libraries, 'xtables'),
  };
}

// A web server in a container's namespace, and the program that loads it: nginx and wrk, which are quick enough for the
// path between them to be what is measured.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNetns } from '#kernel/netns.ts';
import { isAlive } from '#kernel/proc.ts';
import { runOk } from '#kernel/spawn.ts';
import { loadPrograms, peerEnvironment } from './peers.ts';
import { Skipped } from './row.ts';

const temporaryFolders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
/**
 * With one at a time both ends sleep most of the time, and what is measured is how long the machine takes to wake a
 * processor.
 */
const connectionsAtOnce = 16;
const seconds = 1;

function programs(): { wrk: string; nginx: string } {
  const found = loadPrograms();
  if (found === undefined) throw new Skipped('no wrk and nginx here: scripts/bench/peers.sh unpacks them');
  return found;
}

const configurationOf = (folder: string, port: number): string => `
master_process off;
pid ${folder}/pid;
error_log ${folder}/errors crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  ${temporaryFolders.map((each) => `${each}_temp_path ${folder}/${each};`).join('\n  ')}
  server {
    listen ${port};
    location / { return 200 "a short answer, as a service gives it\\n"; }
  }
}
`;

/** A server in the namespace at the path, its files in a folder of its own; what comes back ends it. */
export async function serveWeb(netns: string, port: number, folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'conf'), configurationOf(folder, port));
  const args = ['-p', folder, '-e', join(folder, 'errors'), '-c', join(folder, 'conf')];
  // It goes to the background once it listens, and lets go of our pipes.
  await inNetns(netns, () => runOk(programs().nginx, args, { env: peerEnvironment() }));
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
  return async () => {
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await sleep(5);
  };
}

/** Requests per second, from the namespace at the path. */
export async function loadWeb(netns: string, place: string): Promise<number> {
  const args = ['-t', '1', '-c', String(connectionsAtOnce), '-d', `${seconds}s`, `http://${place}/`];
  const { stdout } = await inNetns(netns, () => runOk(programs().wrk, args, { env: peerEnvironment() }));
  const text = stdout.toString('utf8');
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  if (rate === undefined || /Socket errors|Non-2xx/.test(text)) throw new Error(`wrk ${place}: ${text}`);
  return Number(rate);
}

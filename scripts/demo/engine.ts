// The engine of the demo: the one that runs already, or one started here in the background, with a mirror where needed.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBaseRegistry } from '../images/registry.ts';
import { askWharf, checkout, tell } from './steps.ts';

const folder = join(checkout, '.cache/demo');
const mirrorPort = 5055;

/** True where an HTTP server answers at `url` with anything but a server error. */
export async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(4000) }).catch(
    () => undefined,
  );
  return answer !== undefined && answer.status < 500;
}

/** Makes sure that an engine answers on the default socket and can get base images. */
export async function ensureEngine(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const mirrored = await ensureMirror();
  if (await engineAnswers()) {
    tell('An engine is running already; the demo uses it.');
    return;
  }
  const args = ['daemon', ...(mirrored ? ['--registry-mirror', `http://127.0.0.1:${mirrorPort}`] : [])];
  tell(`Starting the engine in the background:  wharf ${args.join(' ')}`);
  const log = openSync(join(folder, 'engine.log'), 'a');
  const child = spawn(join(checkout, 'bin/wharf'), args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  writeFileSync(join(folder, 'engine.pid'), String(child.pid));
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await engineAnswers()) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(
    `the engine did not start:\n${readFileSync(join(folder, 'engine.log'), 'utf8').slice(-2000)}`,
  );
}

async function ensureMirror(): Promise<boolean> {
  const url = `http://127.0.0.1:${mirrorPort}/v2/`;
  if (await answers(url)) return true;
  if (await answers('https://registry-1.docker.io/v2/')) return false;
  tell(
    'Docker Hub does not answer: base images come from a registry on loopback, made from Debian packages.',
  );
  const say = (line: string) => console.log(`  ${line} (once; takes about half a minute)`);
  const registry = await startBaseRegistry({
    cache: join(checkout, '.cache/images'),
    port: mirrorPort,
    detached: true,
    say,
  });
  writeFileSync(join(folder, 'mirror.pid'), String(registry.child.pid));
  return true;
}

async function engineAnswers(): Promise<boolean> {
  return (await askWharf(['version', '--format', '{{.Server.Version}}'])).code === 0;
}

/** Ends the engine and the mirror that the demo started. Containers and images of the engine stay on disk. */
export async function stopEngine(): Promise<void> {
  for (const name of ['engine', 'mirror']) {
    const file = join(folder, `${name}.pid`);
    if (!existsSync(file)) continue;
    await endProcess(Number(readFileSync(file, 'utf8')));
    rmSync(file);
  }
}

async function endProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
    for (let attempt = 0; attempt < 200; attempt++) {
      process.kill(pid, 0);
      await sleep(50);
    }
  } catch {
    // Gone: what was asked for.
  }
}

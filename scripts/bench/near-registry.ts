// Debian's docker-registry beside an engine: on the loopback interface of the network namespace the engine is in.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { dockerRegistryProgram } from '../hub/peer.ts';
import type { BenchEngine } from './engines.ts';

export interface NearRegistry {
  /** As the engine names it. */
  host: string;
  pid: number;
  stop(): Promise<void>;
}

/** A registry whose files are in `dir`; without an engine it is beside the bench itself. */
export async function startRegistry(dir: string, engine?: BenchEngine): Promise<NearRegistry> {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const file = join(dir, `${port}.json`);
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'files') } },
    http: { addr: host },
  };
  writeFileSync(file, JSON.stringify(config));
  const inside = engine === undefined ? [] : ['nsenter', '-t', String(engine.pids()[0]), '-n'];
  const [program = '', ...args] = [...inside, dockerRegistryProgram(), 'serve', file];
  const env = { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' };
  const child = spawn(program, args, { stdio: 'ignore', env });
  const asking = [...inside, 'curl', '-sf', '--retry', '50', '--retry-delay', '1', '--retry-connrefused'];
  const [ask = '', ...rest] = [...asking, '-o', '/dev/null', `http://${host}/v2/`];
  const [code] = await once(spawn(ask, rest, { stdio: 'ignore' }), 'close');
  if (code !== 0) throw new Error(`docker-registry does not answer at ${host}`);
  return {
    host,
    pid: child.pid ?? 0,
    async stop() {
      const gone = once(child, 'close');
      if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

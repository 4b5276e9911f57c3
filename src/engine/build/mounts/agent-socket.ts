// The ssh agent of a build's client, as a socket that a RUN step may use.
import { chmodSync, chownSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { unavailable } from '#shared/errors.ts';

/** Listens at `path`; each connection goes to `agent`, a socket on this machine. Disposing ends them all. */
export async function openAgentSocket(
  path: string,
  options: { agent: string; mode: number; uid: number; gid: number },
): Promise<Disposable> {
  const open = new Set<{ destroy(): void }>();
  const server = createServer((inner) => {
    const outer = connect(options.agent);
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => open.delete(one));
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(unavailable('the ssh agent cannot be offered to the step', { cause })),
    );
    server.listen(path, () => resolve());
  });
  chownSync(path, options.uid, options.gid);
  chmodSync(path, options.mode);
  return {
    [Symbol.dispose]: () => {
      server.close();
      for (const each of open) each.destroy();
    },
  };
}

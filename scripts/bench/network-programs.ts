// The programs at both ends of a connection that the network rows time: started in containers' network namespaces.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inNetns } from '#kernel/netns.ts';
import { startProgram } from '#kernel/spawn.ts';

export interface Program {
  /** Sends a line, gives the figure that comes back. */
  ask(line: string): Promise<number>;
  stop(): Promise<void>;
}

const pingPong = join(import.meta.dirname, 'ping-pong.ts');

const start = (netns: string, args: string[]): ChildProcess =>
  inNetns(netns, () => startProgram(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));

/** An echo server on the port, in the namespace at the path. */
export const serveIn = (netns: string, port: number): Promise<Program> =>
  talkTo(start(netns, [pingPong, 'serve', String(port)]));

/** A program that measures connections and look-ups (ping-pong.ts), in the namespace at the path. */
export const askIn = (netns: string): Promise<Program> => talkTo(start(netns, [pingPong, 'ask']));

async function talkTo(child: ChildProcess): Promise<Program> {
  if (child.stdout === null) throw new Error('the program has no output');
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    async ask(line) {
      child.stdin?.write(`${line}\n`);
      const { value } = await lines.next();
      const figure = Number(value);
      if (Number.isNaN(figure)) throw new Error(`${line}: ${value ?? 'the program ended'}`);
      return figure;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

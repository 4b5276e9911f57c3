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

/** `processors` is what taskset(1) takes: those that the program may run on; default all. */
export interface Where {
  processors?: string;
}

function start(netns: string, args: string[], { processors }: Where): ChildProcess {
  const command = [process.execPath, pingPong, ...args];
  const [program = '', ...rest] =
    processors === undefined ? command : ['taskset', '-c', processors, ...command];
  return inNetns(netns, () => startProgram(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] }));
}

/** A server on the port that answers one request of each connection, in the namespace at the path. */
export const serveIn = (netns: string, port: number, where: Where = {}): Promise<Program> =>
  talkTo(start(netns, ['serve', String(port)], where));

/** A program that measures connections and look-ups (ping-pong.ts), in the namespace at the path. */
export const askIn = (netns: string, where: Where = {}): Promise<Program> =>
  talkTo(start(netns, ['ask'], where));

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

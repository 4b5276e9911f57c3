// The programs at both ends of a connection that the network rows time: started in containers' network namespaces.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inNetns } from '#kernel/netns.ts';
import { startProgram } from '#kernel/spawn.ts';

// Asked by lines, answers each with one figure.
const asker = `
const net = require('net'), dns = require('dns').promises;
const [, nameserver] = process.argv;
const resolver = new dns.Resolver({ timeout: 2000, tries: 2 });
if (nameserver) resolver.setServers([nameserver]);
const bytes = Buffer.alloc(64, 'x');
const once = (host, port) => new Promise((resolve, reject) => {
  const socket = net.connect({ host, port });
  socket.setNoDelay();
  socket.once('error', reject);
  socket.once('connect', () => socket.write(bytes));
  socket.once('data', () => { socket.destroy(); resolve(); });
});
const verbs = {
  async byName(name, port, times) {
    const started = performance.now();
    for (let time = 0; time < Number(times); time++) { const [host] = await resolver.resolve4(name); await once(host, port); }
    return (performance.now() - started) / Number(times);
  },
  async lookups(name, times) {
    const took = [];
    for (let time = 0; time < Number(times); time++) { const at = performance.now(); await resolver.resolve4(name); took.push(performance.now() - at); }
    return took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)];
  },
};
require('readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const [verb, ...args] = line.split(' ');
  try { console.log(await verbs[verb](...args)); } catch (thrown) { console.log('failed: ' + thrown.message); }
});
console.log('up');`;

export interface Program {
  /** Sends a line, gives the figure that comes back. */
  ask(line: string): Promise<number>;
  stop(): Promise<void>;
}

const pingPong = join(import.meta.dirname, 'ping-pong.ts');

const start = (netns: string | undefined, args: string[]): ChildProcess => {
  const work = () => startProgram(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  return netns === undefined ? work() : inNetns(netns, work);
};

/** An echo server on the port, in the namespace at the path. */
export const serveIn = (netns: string, port: number): Promise<Program> =>
  talkTo(start(netns, [pingPong, 'serve', String(port)]));

/** A program on the host that measures connections (ping-pong.ts). */
export const askOnHost = (): Promise<Program> => talkTo(start(undefined, [pingPong, 'ask']));

/** A program that looks names up by a name server and connects, in the namespace at the path. */
export const askIn = (netns: string, nameserver: string): Promise<Program> =>
  talkTo(start(netns, ['-e', asker, nameserver]));

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

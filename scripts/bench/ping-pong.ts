// Both ends of a connection, at the speed of bare system calls. `serve PORT` echoes one connection after the other; `ask`
// reads lines, a word and what it works on, and answers each with a figure.
import { createInterface } from 'node:readline';
import { lookUp } from './look-up.ts';
import { accept, close, dial, listenOn, receive, send } from './sockets.ts';

const requestBytes = 64;
const buffer = Buffer.alloc(4096, 'x');

function serve(port: number): never {
  const listener = listenOn(port);
  console.log('up');
  for (;;) {
    const connection = accept(listener);
    echo(connection);
    close(connection);
  }
}

function echo(connection: number): void {
  try {
    for (;;) {
      const got = receive(connection, buffer);
      if (got === 0) return;
      send(connection, buffer, got);
    }
  } catch {
    // The client went away: the next one.
  }
}

function askOnce(host: string, port: number): void {
  const connection = dial(host, port);
  send(connection, buffer, requestBytes);
  for (let got = 0; got < requestBytes; ) {
    const more = receive(connection, buffer);
    if (more === 0) throw new Error('the server closed the connection');
    got += more;
  }
  close(connection);
}

function millisecondsOf(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

const verbs: Record<string, (...args: string[]) => number> = {
  /** NAMESERVER NAME PORT TIMES: milliseconds of a look-up, a connection, a request and its answer. */
  byName(nameserver = '', name = '', port, times) {
    const count = Number(times);
    const all = () => {
      for (let time = 0; time < count; time++) askOnce(lookUp(nameserver, name), Number(port));
    };
    return millisecondsOf(all) / count;
  },
  /** NAMESERVER NAME TIMES: milliseconds that all but a hundredth of the look-ups stay below. */
  lookups(nameserver = '', name = '', times) {
    const one = () => millisecondsOf(() => lookUp(nameserver, name));
    const took = Array.from({ length: Number(times) }, one).sort((left, right) => left - right);
    return took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  },
};

function answer(line: string): number | string {
  const [verb = '', ...args] = line.split(' ');
  try {
    return verbs[verb]?.(...args) ?? `no such verb: ${verb}`;
  } catch (thrown) {
    return `failed: ${String(thrown)}`;
  }
}

const [role, port] = process.argv.slice(2);
if (role === 'serve') serve(Number(port));
createInterface({ input: process.stdin }).on('line', (line) => console.log(answer(line)));
console.log('up');

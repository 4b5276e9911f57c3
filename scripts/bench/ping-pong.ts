// Both ends of a connection, at the speed of bare system calls. `serve PORT` answers one request of each connection;
// `ask` reads lines, a word and what it works on, and answers each with a figure.
import { createInterface } from 'node:readline';
import { openLookUp } from './look-up.ts';
import { abort, accept, close, dial, listenOn, placeOf, receive, send } from './sockets.ts';

const requestBytes = 64;
const buffer = Buffer.alloc(4096, 'x');

function serve(port: number): never {
  const listener = listenOn(port);
  console.log('up');
  for (;;) {
    const connection = accept(listener);
    answerTo(connection);
    close(connection);
  }
}

function answerTo(connection: number): void {
  try {
    const got = receive(connection, buffer);
    if (got > 0) send(connection, buffer, got);
  } catch {
    // The client went away: the next one.
  }
}

function ask(place: Buffer): number {
  const connection = dial(place);
  send(connection, buffer, requestBytes);
  return connection;
}

// Aborted, it leaves no port waiting: after some rounds, looking for a free one would be what is measured.
function takeAnswer(connection: number): void {
  for (let got = 0; got < requestBytes; ) {
    const more = receive(connection, buffer);
    if (more === 0) throw new Error('the server closed the connection');
    got += more;
  }
  abort(connection);
}

function millisecondsOf(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

const verbs: Record<string, (...args: string[]) => number> = {
  /** HOST PORT TIMES WIDTH: milliseconds a connection, its request and its answer, where WIDTH are open at once. */
  connections(host = '', port, times, width) {
    const place = placeOf(host, Number(port));
    const turns = Number(times) / Number(width);
    const turn = () => {
      const open: number[] = [];
      for (let at = 0; at < Number(width); at++) open.push(ask(place));
      for (const connection of open) takeAnswer(connection);
    };
    const all = () => {
      for (let done = 0; done < turns; done++) turn();
    };
    return millisecondsOf(all) / (turns * Number(width));
  },
  /** NAMESERVER NAME PORT TIMES: milliseconds of a look-up, a connection, a request and its answer. */
  byName(nameserver = '', name = '', port, times) {
    const count = Number(times);
    const lookUp = openLookUp(nameserver, name);
    const place = placeOf('0.0.0.0', Number(port));
    const all = () => {
      for (let time = 0; time < count; time++) {
        lookUp().copy(place, 4);
        takeAnswer(ask(place));
      }
    };
    return millisecondsOf(all) / count;
  },
  /** NAMESERVER NAME TIMES: milliseconds that all but a hundredth of the look-ups stay below. */
  lookups(nameserver = '', name = '', times) {
    const lookUp = openLookUp(nameserver, name);
    const took = Float64Array.from({ length: Number(times) }, () => millisecondsOf(lookUp)).sort();
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

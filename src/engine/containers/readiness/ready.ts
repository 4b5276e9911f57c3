// Whether a container's service answers, asked over the container's own network, without a health check of its own.
import { connect } from 'node:net';
import type { Readiness } from '#shared/contract/container.ts';
import { codeOf, conflict } from '#shared/errors.ts';
import { type ContainerRecord, isUp } from '../record/record.ts';
import type { Room } from '../room.ts';
import { handshakeOf } from './handshakes.ts';
import { chooseProbes, formatProbe, type Probe, parseProbes } from './probe.ts';

// A server that is there answers within milliseconds; one that holds the connection without a word is there too.
const patienceMs = 1000;

/**
 * Asks once. `asked` names the probes, as `parseProbes` reads them; without it they follow from the exposed ports.
 * Ready is a container without probes, one whose known protocols all answer, and one that listens on any of its ports
 * where it speaks none of them. Throws `conflict` where it does not run, `invalid` for a wrong probe.
 */
export async function readinessOf(room: Room, record: ContainerRecord, asked?: string): Promise<Readiness> {
  if (!isUp(record)) throw conflict(`container ${record.name} is not running`);
  const probes = asked === undefined ? chooseProbes(record.config) : parseProbes(asked);
  const address = addressOf(room, record);
  if (address === undefined || probes.length === 0) return { Ready: true, Probes: [] };
  const results = await Promise.all(
    probes.map(async (probe) => {
      const problem = await ask(address, probe);
      return { Probe: formatProbe(probe), Ready: problem === undefined, Detail: problem ?? '' };
    }),
  );
  const isSpoken = (text: string): boolean => !text.startsWith('tcp:');
  const decisive = asked !== undefined ? results : results.filter(({ Probe }) => isSpoken(Probe));
  const ready =
    decisive.length > 0 ? decisive.every(({ Ready }) => Ready) : results.some(({ Ready }) => Ready);
  return { Ready: ready, Probes: results };
}

function addressOf(room: Room, record: ContainerRecord): string | undefined {
  const mode = record.hostConfig.NetworkMode ?? '';
  if (mode === 'host') return '127.0.0.1';
  if (mode.startsWith('container:')) {
    const other = room.store.get(mode.slice('container:'.length));
    return other === undefined || other.id === record.id ? undefined : addressOf(room, other);
  }
  const endpoints = Object.values(record.wiring?.networks ?? {});
  const found = endpoints.find(({ IPAddress, GlobalIPv6Address }) => IPAddress || GlobalIPv6Address);
  return found?.IPAddress || found?.GlobalIPv6Address || undefined;
}

/** Why it does not serve; undefined where it does. */
function ask(host: string, probe: Probe): Promise<string | undefined> {
  const handshake = handshakeOf(probe);
  return new Promise((resolve) => {
    const socket = connect({ host, port: probe.port });
    let answer = Buffer.alloc(0);
    let connected = false;
    const settle = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(
      () => settle(connected && isPatient(probe) ? undefined : 'no answer'),
      patienceMs,
    );
    socket.once('connect', () => {
      connected = true;
      if (handshake === undefined) settle(undefined);
      else if (handshake.question !== undefined) socket.write(handshake.question);
    });
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const verdict = handshake?.judge(answer);
      if (verdict !== undefined) settle(verdict === true ? undefined : verdict);
    });
    socket.once('end', () => settle('it closes the connection'));
    socket.once('error', (thrown) => settle(wordsOf(codeOf(thrown))));
  });
}

// That a port is one of HTTP's is only a guess: whoever takes the connection may speak something else.
const isPatient = (probe: Probe): boolean => probe.kind === 'http' && probe.path === '/';

function wordsOf(code: string | undefined): string {
  if (code === 'ECONNREFUSED') return 'nobody listens yet';
  return code === 'ECONNRESET' ? 'it closes the connection' : (code ?? 'it cannot be reached');
}

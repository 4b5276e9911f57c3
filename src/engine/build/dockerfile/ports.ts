// The words of EXPOSE: `80`, `53/udp`, `8000-8010`; what stands before a colon is read and left out.
import { isIP } from 'node:net';
import { SyntaxProblem } from './errors.ts';

const mostPorts = 65_535;
const protocols = ['tcp', 'udp', 'sctp'];

interface PortWord {
  /** Address and port of a host, which EXPOSE has no use for. */
  host: string;
  ports: string;
  /** As written. */
  protocol: string;
}

/** The parts of `[[address:]port:]ports[/protocol]`. */
export function splitPort(word: string): PortWord {
  const colon = word.lastIndexOf(':');
  const [ports = '', protocol = ''] = word.slice(colon + 1).split('/', 2);
  return { host: colon < 0 ? '' : word.slice(0, colon), ports, protocol: protocol === '' ? 'tcp' : protocol };
}

function rangeOf(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  return match === null || last < first || last > mostPorts ? undefined : { first, last };
}

/** A host is of no use here, but it must be right. */
function checkHost(host: string): void {
  if (host === '') return;
  const colon = host.lastIndexOf(':');
  const [address, port] = colon < 0 ? ['', host] : [host.slice(0, colon), host.slice(colon + 1)];
  if (address !== '' && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0)
    throw new SyntaxProblem(`invalid IP address: ${address}`, { expected: 'an IP address' });
  if (port !== '' && rangeOf(port) === undefined)
    throw new SyntaxProblem(`invalid hostPort: ${port}`, { expected: 'a port' });
}

/** `port/protocol` for each port of the word, the protocol in lower case, tcp where it is not said. */
export function expandPorts(word: string): string[] {
  const { host, ports, protocol: written } = splitPort(word);
  const range = rangeOf(ports);
  const protocol = written.toLowerCase();
  if (!protocols.includes(protocol)) {
    throw new SyntaxProblem(`invalid proto: ${protocol}`, { expected: protocols.join(', ') });
  }
  if (range === undefined) {
    throw new SyntaxProblem(`invalid containerPort: ${ports}`, {
      expected: 'a port or a range, as 80, 53/udp or 8000-8010',
    });
  }
  checkHost(host);
  return Array.from(
    { length: range.last - range.first + 1 },
    (_, index) => `${range.first + index}/${protocol}`,
  );
}

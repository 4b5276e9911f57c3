// The words of EXPOSE: `80`, `53/udp`, `8000-8010`.
import { SyntaxProblem } from './errors.ts';

const mostPorts = 65_535;

/** `port/protocol` for each port of the word, the protocol in lower case, tcp where it is not said. */
export function expandPorts(word: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(word);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  const protocol = match?.[3]?.toLowerCase() ?? 'tcp';
  if (match === null || last < first || last > mostPorts) {
    throw new SyntaxProblem(`invalid containerPort: ${word}`, {
      expected: 'a port or a range, as 80, 53/udp or 8000-8010',
    });
  }
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) {
    throw new SyntaxProblem(`invalid proto: ${protocol}`, { expected: 'tcp, udp or sctp' });
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

// Whether a host that may be spoken to in plain http speaks TLS after all: asked once, by a handshake.
import { connect } from 'node:tls';
import { codeOf } from '#shared/errors.ts';

const handshakeMs = 3_000;
/** The host was not reached: that says nothing about how it speaks. */
const unreached = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
]);

/** One per client. */
export class Schemes {
  #known = new Map<string, 'http' | 'https'>();

  /** `http` also where nothing can be learnt: the request that follows tells what is wrong. */
  async of(host: string): Promise<'http' | 'https'> {
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    const found = await shakeHands(new URL(`https://${host}`));
    if (found !== undefined) this.#known.set(host, found);
    return found ?? 'http';
  }

  /** The host did not answer as it used to. */
  forget(host: string): void {
    this.#known.delete(host);
  }
}

function shakeHands(url: URL): Promise<'http' | 'https' | undefined> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false });
    const end = (found: 'http' | 'https' | undefined): void => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(handshakeMs, () => end(undefined));
    socket.once('secureConnect', () => end('https'));
    socket.once('error', (thrown) => end(unreached.has(codeOf(thrown) ?? '') ? undefined : 'http'));
    socket.once('close', () => end(undefined));
  });
}

// Kept connections of a registry client: one pool for each way of trusting a server, through a proxy where one is set.
import { Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { certificatesVersion, readCertificates, systemAuthorities } from './certificates.ts';
import { isInsecure, isLoopback } from './endpoints.ts';

export interface ProxyOptions {
  /** URLs of proxies, and hosts that are reached without one, as in the environment's variables of these names. */
  httpProxy?: string | undefined;
  httpsProxy?: string | undefined;
  noProxy?: string | undefined;
}

export interface AgentsOptions {
  /** Folders of `HOST:PORT/*.crt|cert|key`. */
  certsDirs: readonly string[];
  /** Certificates of these hosts are not looked at, except where there are certificates for them. */
  insecure: readonly string[];
  proxies: ProxyOptions;
}

const kept = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 12, maxFreeSockets: 4 };

export class Agents implements Disposable {
  readonly #options: AgentsOptions;
  readonly #plain: HttpAgent;
  /** Without a proxy: a machine's own addresses mean nothing to one. */
  readonly #plainNear = new HttpAgent(kept);
  #secure = new Map<string, { version: string; agent: HttpsAgent }>();

  constructor(options: AgentsOptions) {
    this.#options = options;
    this.#plain = new HttpAgent({ ...kept, ...proxyEnvOf(options.proxies) });
  }

  plain(url: URL): HttpAgent {
    return isLoopback(url.hostname) ? this.#plainNear : this.#plain;
  }

  /** Throws `invalid` where the host's certificates are no use. */
  secure(url: URL): HttpsAgent {
    const { host } = url;
    const version = certificatesVersion(this.#options.certsDirs, host);
    const known = this.#secure.get(host);
    if (known?.version === version) return known.agent;
    const agent = new HttpsAgent({ ...kept, ...this.#trust(host), ...this.#proxyFor(url) });
    this.#secure.set(host, { version, agent });
    known?.agent.destroy();
    return agent;
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#plainNear.destroy();
    for (const { agent } of this.#secure.values()) agent.destroy();
  }

  #proxyFor(url: URL): AgentOptions {
    return isLoopback(url.hostname) ? {} : proxyEnvOf(this.#options.proxies);
  }

  #trust(host: string): AgentOptions {
    const { certsDirs, insecure } = this.#options;
    const certificates = readCertificates(certsDirs, host);
    if (certificates === undefined && isInsecure(host, insecure)) return { rejectUnauthorized: false };
    const { authorities = [], client = [] } = certificates ?? {};
    const pairs =
      client.length === 0 ? {} : { cert: client.map(({ cert }) => cert), key: client.map(({ key }) => key) };
    return { ca: [...systemAuthorities(), ...authorities], ...pairs };
  }
}

function proxyEnvOf({ httpProxy, httpsProxy, noProxy }: ProxyOptions): AgentOptions {
  if (httpProxy === undefined && httpsProxy === undefined) return {};
  return {
    proxyEnv: {
      ...(httpProxy === undefined ? {} : { HTTP_PROXY: httpProxy }),
      ...(httpsProxy === undefined ? {} : { HTTPS_PROXY: httpsProxy }),
      ...(noProxy === undefined ? {} : { NO_PROXY: noProxy }),
    },
  };
}

/** The environment's proxies; the lower-case names come first, as in curl. */
export function proxiesOf(env: NodeJS.ProcessEnv): ProxyOptions {
  const pick = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  return { httpProxy: pick('HTTP_PROXY'), httpsProxy: pick('HTTPS_PROXY'), noProxy: pick('NO_PROXY') };
}

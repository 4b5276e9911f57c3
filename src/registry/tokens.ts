// Bearer tokens (Docker's token specification): asked for once per scope, kept until shortly before they end.
import { basicHeader, credentialsOf, identityOf, type RegistryAuth } from './auth.ts';
import type { Challenge } from './challenge.ts';
import { RegistryFailure, statusFailure } from './failures.ts';
import { readSmall, type Sent, type Transport } from './transport.ts';

export interface TokenRequest {
  challenge: Challenge;
  /** What is needed, `repository:library/x:pull`; several with spaces between. Joined with what the challenge names. */
  scope: string;
  auth: RegistryAuth | undefined;
  /** The registry that sent the challenge. */
  origin: string;
  signal?: AbortSignal | undefined;
}

interface KeptToken {
  header: string;
  endsAtMs: number;
}

const marginMs = 5_000;
const maxKept = 500;

export class TokenStore {
  #transport: Transport;
  #kept = new Map<string, KeptToken>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The header that was good for this registry, scope and user, while it lasts. */
  find(origin: string, scope: string, auth: RegistryAuth | undefined): string | undefined {
    const key = keyOf(origin, scope, auth);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.endsAtMs > Date.now()) return kept.header;
    this.#kept.delete(key);
    return undefined;
  }

  keep(
    at: { origin: string; scope: string; auth: RegistryAuth | undefined },
    header: string,
    lastsMs: number,
  ): void {
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(keyOf(at.origin, at.scope, at.auth), { header, endsAtMs: Date.now() + lastsMs });
  }

  forget(origin: string, scope: string, auth: RegistryAuth | undefined): void {
    this.#kept.delete(keyOf(origin, scope, auth));
  }

  /** Answers a Bearer challenge; the token is kept. Throws `unauthorized` where the token server refuses. */
  async fetch(request: TokenRequest): Promise<string> {
    const sent = tokenRequestOf(request);
    const answer = await this.#transport.send(sent);
    const body = await readSmall(sent, answer, 1024 * 1024);
    if (answer.status !== 200) throw refused(sent, answer.status, body);
    const { token, lastsMs } = tokenOf(body, sent.url);
    const header = `Bearer ${token}`;
    this.keep(request, header, lastsMs);
    return header;
  }
}

const keyOf = (origin: string, scope: string, auth: RegistryAuth | undefined): string =>
  JSON.stringify([origin, scope, identityOf(auth)]);

function tokenRequestOf({ challenge, scope, auth, origin, signal }: TokenRequest): Sent {
  const { realm = '', service } = challenge.parameters;
  if (!URL.canParse(realm)) {
    throw new RegistryFailure('unavailable', `${origin} sent a challenge without a usable realm: ${realm}`);
  }
  const url = new URL(realm);
  const wanted = joinScopes(challenge.parameters['scope'] ?? '', scope);
  const secret = auth?.identitytoken !== undefined || credentialsOf(auth) !== undefined;
  if (secret && url.protocol !== 'https:' && origin.startsWith('https:')) {
    throw new RegistryFailure(
      'unauthorized',
      `${origin} wants credentials sent over plain http to ${url.host}`,
    );
  }
  if (auth?.identitytoken) return refreshRequest(url, { service, wanted, token: auth.identitytoken, signal });
  if (service !== undefined) url.searchParams.set('service', service);
  if (wanted !== '') for (const one of wanted.split(' ')) url.searchParams.append('scope', one);
  const user = credentialsOf(auth);
  if (user !== undefined) url.searchParams.set('account', user.username);
  const headers: Record<string, string> = user === undefined ? {} : { authorization: basicHeader(user) };
  return { method: 'GET', url, headers, signal };
}

/** Both scopes in one, each resource once with all of its actions. What is no `type:name:actions` stays as it is. */
export function joinScopes(one: string, other: string): string {
  const actionsOf = new Map<string, Set<string>>();
  for (const scope of `${one} ${other}`.split(' ').filter((text) => text !== '')) {
    const colon = scope.lastIndexOf(':');
    const resource = colon < 0 ? scope : scope.slice(0, colon);
    const actions = actionsOf.get(resource) ?? new Set();
    if (colon >= 0) for (const action of scope.slice(colon + 1).split(',')) actions.add(action);
    actionsOf.set(resource, actions);
  }
  const text = ([resource, actions]: [string, Set<string>]): string =>
    actions.size === 0 ? resource : `${resource}:${[...actions].sort().join(',')}`;
  return [...actionsOf].map(text).join(' ');
}

interface Refresh {
  service: string | undefined;
  wanted: string;
  token: string;
  signal: AbortSignal | undefined;
}

function refreshRequest(url: URL, { service, wanted, token, signal }: Refresh): Sent {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'wharf', refresh_token: token });
  if (service !== undefined) form.set('service', service);
  if (wanted !== '') form.set('scope', wanted);
  const body = Buffer.from(form.toString());
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  };
  return { method: 'POST', url, headers, body, signal };
}

function tokenOf(body: Buffer, url: URL): { token: string; lastsMs: number } {
  let parsed: { token?: unknown; access_token?: unknown; expires_in?: unknown } = {};
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {}
  const token = parsed.token ?? parsed.access_token;
  if (typeof token !== 'string' || /[^\x21-\x7e]/.test(token)) {
    throw new RegistryFailure(
      'unavailable',
      `authorization server ${url.host} did not include a token in the response`,
    );
  }
  const seconds = typeof parsed.expires_in === 'number' ? parsed.expires_in : 60;
  return { token, lastsMs: Math.max(0, seconds * 1000 - marginMs) };
}

function refused(sent: Sent, status: number, body: Buffer): RegistryFailure {
  const failure = statusFailure(sent, { status, body });
  const byTokenServer = true;
  if (status !== 401 && status !== 403) {
    const { kind, message, code, transient } = failure;
    return new RegistryFailure(kind, message, {
      status,
      transient,
      byTokenServer,
      ...(code === undefined ? {} : { code }),
    });
  }
  const reason = failure.code === undefined ? 'incorrect username or password' : failure.message;
  return new RegistryFailure('unauthorized', `unauthorized: ${reason.replace(/^unauthorized: /, '')}`, {
    status: 401,
    byTokenServer,
  });
}

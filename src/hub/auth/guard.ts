// Who asks, and whether they may: Basic and Bearer credentials, challenges, and refusals.

import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { refuse } from '../failures.ts';
import type { Exchange, Identity } from '../wire/exchange.ts';
import { type Crypt, Passwords } from './passwords.ts';
import { type Action, Rights } from './rights.ts';
import { openTokenKey, tokenService, verifyToken } from './tokens.ts';

export interface GuardOptions {
  /** The Hub's folder: has the key of its tokens, and `rights.json`. */
  root: string;
  /** Users' file. Without one everybody may do everything. */
  htpasswd?: string | undefined;
  /** Checks bcrypt lines of the users' file; without it they are refused. */
  crypt?: Crypt | undefined;
  /** Pulling without a login. */
  anonymousRead?: boolean | undefined;
  /** As clients see the Hub (`https://hub.example.org`), where a proxy stands before it. */
  publicUrl?: string | undefined;
}

export class Guard {
  readonly key: Buffer;
  readonly rights: Rights;
  #passwords: Passwords | undefined;
  #publicUrl: string | undefined;

  constructor(options: GuardOptions) {
    this.key = openTokenKey(join(options.root, 'token.key'));
    this.rights = new Rights(join(options.root, 'rights.json'), options.anonymousRead ?? false);
    this.#passwords =
      options.htpasswd === undefined ? undefined : new Passwords(options.htpasswd, options.crypt);
    this.#publicUrl = options.publicUrl?.replace(/\/+$/, '');
  }

  /** False where everybody may do everything. */
  get isClosed(): boolean {
    return this.#passwords !== undefined;
  }

  /** Who sent the request. Throws UNAUTHORIZED on wrong credentials and tokens, never saying which part is wrong. */
  async identify(exchange: Exchange): Promise<Identity> {
    const header = exchange.request.headers.authorization;
    if (this.#passwords === undefined || header === undefined) return { user: undefined };
    const bearer = /^bearer +(\S+)$/i.exec(header)?.[1];
    if (bearer !== undefined) return this.#identifyToken(exchange, bearer);
    const basic = decodeBasic(header);
    if (basic !== undefined && (await this.checkPassword(basic))) return { user: basic.user };
    throw this.unauthorized(exchange, 'incorrect username or password');
  }

  async checkPassword({ user, password }: { user: string; password: string }): Promise<boolean> {
    return (await this.#passwords?.check(user, password)) ?? false;
  }

  /** Throws UNAUTHORIZED where a login may help, DENIED where it would not. */
  permit(exchange: Exchange, identity: Identity, wanted: { action: Action; repository: string }): void {
    if (this.may(identity, wanted)) return;
    const { action, repository } = wanted;
    const asked = identity.access?.some((one) => one.type === 'repository' && one.name === repository);
    const hasLogin = identity.user !== undefined && identity.user !== '';
    // A token for less than its user may do: a better one helps (clients that first asked to pull come to push).
    const isNarrow = this.rights.may(identity.user, action, repository);
    if (hasLogin && !isNarrow && (identity.access === undefined || asked)) {
      throw refuse('DENIED', `requested access to the resource is denied: ${action} in ${repository}`);
    }
    const scope = `repository:${repository}:${scopeActions[action]}`;
    throw this.unauthorized(exchange, 'authentication required', scope);
  }

  may(identity: Identity, { action, repository }: { action: Action; repository: string }): boolean {
    if (!this.isClosed) return true;
    const { user, access } = identity;
    if (access !== undefined && !accessAllows(access, action, repository)) return false;
    return this.rights.may(user === '' ? undefined : user, action, repository);
  }

  /** May see the list of what there is: of it, only what they may pull. */
  maySee(identity: Identity, repository: string): boolean {
    if (!this.isClosed) return true;
    return this.rights.may(identity.user === '' ? undefined : identity.user, 'pull', repository);
  }

  unauthorized(exchange: Exchange, message: string, scope?: string): Error {
    const realm = `${this.origin(exchange)}/token`;
    const scoped = scope === undefined ? '' : `,scope="${scope}"`;
    const isPage = !exchange.path.startsWith('/v2');
    const challenge = isPage
      ? 'Basic realm="Wharf Hub", charset="UTF-8"'
      : `Bearer realm="${realm}",service="${tokenService}"${scoped}`;
    return refuse('UNAUTHORIZED', message, { headers: { 'www-authenticate': challenge } });
  }

  /** Scheme, host and port as the client wrote them. */
  origin({ request, isTls }: Pick<Exchange, 'request' | 'isTls'>): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl;
    return `${isTls ? 'https' : 'http'}://${hostOf(request)}`;
  }

  #identifyToken(exchange: Exchange, token: string): Identity {
    const claims = verifyToken(this.key, token, Date.now());
    if (claims === undefined) throw this.unauthorized(exchange, 'the token is invalid or over');
    return { user: claims.sub, access: claims.access };
  }
}

const scopeActions: Record<Action, string> = { pull: 'pull', push: 'pull,push', delete: 'delete' };

function accessAllows(access: NonNullable<Identity['access']>, action: Action, repository: string): boolean {
  return access.some(
    ({ type, name, actions }) =>
      type === 'repository' && name === repository && (actions.includes(action) || actions.includes('*')),
  );
}

/** User and password of a Basic header (RFC 7617), or undefined. */
export function decodeBasic(header: string): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Never more than a host and port: it comes back in a header and in a page. */
export function hostOf(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  if (/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(host)) return host;
  return `127.0.0.1:${request.socket.localPort ?? 5000}`;
}

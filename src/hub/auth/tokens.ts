// Bearer tokens: JSON web tokens signed with HS256 (RFC 7519), with the access list of Docker's token specification.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '#shared/errors.ts';

export interface Access {
  type: string;
  name: string;
  actions: string[];
}

export interface Claims {
  /** The user; empty for nobody. */
  sub: string;
  access: Access[];
}

export const tokenService = 'wharf-hub';
export const tokenLifeSeconds = 300;
const header = encode({ typ: 'JWT', alg: 'HS256' });

/** The token's text. `nowMs` as Date.now(). */
export function signToken(key: Buffer, claims: Claims, nowMs: number): string {
  const now = Math.floor(nowMs / 1000);
  const body = encode({
    iss: tokenService,
    aud: tokenService,
    iat: now,
    nbf: now - 10,
    exp: now + tokenLifeSeconds,
    jti: randomUUID(),
    ...claims,
  });
  return `${header}.${body}.${signatureOf(key, `${header}.${body}`).toString('base64url')}`;
}

/** The claims, or undefined where the token is not ours, was changed, or is over. */
export function verifyToken(key: Buffer, token: string, nowMs: number): Claims | undefined {
  const [head, body, signature, ...more] = token.split('.');
  // Exactly our own header: what algorithm counts is not for the sender to say.
  if (head !== header || body === undefined || signature === undefined || more.length > 0) return undefined;
  const wanted = signatureOf(key, `${head}.${body}`);
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  const claims: Claims & { aud: string; nbf: number; exp: number } = JSON.parse(
    Buffer.from(body, 'base64url').toString('utf8'),
  );
  const now = nowMs / 1000;
  if (claims.aud !== tokenService || now < claims.nbf || now >= claims.exp) return undefined;
  return { sub: claims.sub, access: claims.access };
}

/** The Hub's own secret, made at first use. Changing the file ends every token. */
export function openTokenKey(file: string): Buffer {
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
  if (key.length >= 32) return key;
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return openTokenKey(file);
}

/** `repository:team/app:pull,push` → its parts, or undefined. */
export function parseScope(text: string): Access | undefined {
  const match = /^([a-z]+)(?:\([a-z]+\))?:([^:\s]{1,255}):([a-z*,]{1,100})$/.exec(text);
  if (match === null) return undefined;
  const [, type = '', name = '', actions = ''] = match;
  return { type, name, actions: actions.split(',').filter((action) => action !== '') };
}

function signatureOf(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

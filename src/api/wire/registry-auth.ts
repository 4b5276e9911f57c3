// The credentials that clients send along: base64url JSON in X-Registry-Auth and X-Registry-Config.
import type { IncomingHttpHeaders } from 'node:http';
import { decodeBody } from '#api/wire/decode.ts';
import { type Decoded, mapOf, object, text } from '#api/wire/schema.ts';
import { invalid } from '#shared/errors.ts';

export const authConfig = object({
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});

/** One registry's credentials. */
export type AuthConfig = Decoded<typeof authConfig>;

const authConfigs = mapOf(authConfig);

/** The credentials for one registry; absent and empty mean none. Throws `invalid` for what is not base64 JSON. */
export function decodeRegistryAuth(headers: IncomingHttpHeaders): AuthConfig | undefined {
  const decoded = decodeHeader(headers, 'x-registry-auth');
  if (decoded === undefined) return undefined;
  const auth = decodeBody(authConfig, decoded) as AuthConfig;
  return Object.keys(auth).length === 0 ? undefined : auth;
}

/** The credentials for many registries, by their address (what a build may pull with). */
export function decodeRegistryConfig(headers: IncomingHttpHeaders): Record<string, AuthConfig> {
  const decoded = decodeHeader(headers, 'x-registry-config');
  return decoded === undefined ? {} : (decodeBody(authConfigs, decoded) as Record<string, AuthConfig>);
}

function decodeHeader(headers: IncomingHttpHeaders, name: string): unknown {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64url').toString('utf8') || '{}');
    return parsed ?? undefined;
  } catch (cause) {
    throw invalid(`invalid ${name.toUpperCase()} header: not base64-encoded JSON`, { cause });
  }
}

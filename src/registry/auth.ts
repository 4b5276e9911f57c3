// Credentials as clients hand them in (`X-Registry-Auth` of the Engine API), and what they become in a header.

/** Decoded `X-Registry-Auth`. All fields are optional; an empty object means anonymous. */
export interface RegistryAuth {
  username?: string;
  password?: string;
  /** `base64(user:password)`, as in `config.json`. */
  auth?: string;
  /** An OAuth2 refresh token. */
  identitytoken?: string;
  /** A bearer token that is sent as it is. */
  registrytoken?: string;
  serveraddress?: string;
}

export interface UserPassword {
  username: string;
  password: string;
}

/** User and password in `auth`, from whichever fields have them. */
export function credentialsOf(auth: RegistryAuth | undefined): UserPassword | undefined {
  if (auth === undefined) return undefined;
  if (auth.username) return { username: auth.username, password: auth.password ?? '' };
  if (!auth.auth) return undefined;
  const text = Buffer.from(auth.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** `Basic …` (RFC 7617). */
export function basicHeader({ username, password }: UserPassword): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Who is asking: tokens of one user are never used for another. */
export function identityOf(auth: RegistryAuth | undefined): string {
  const user = credentialsOf(auth);
  return JSON.stringify([user?.username, user?.password, auth?.identitytoken, auth?.registrytoken]);
}

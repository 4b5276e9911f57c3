// What the secrets and agents of a build are to servers that ADD and contexts come from.
export interface RemoteAccess {
  secrets: ReadonlyMap<string, Buffer>;
  /** Paths of agents' sockets on this machine. */
  agents: ReadonlyMap<string, string>;
}

const textOf = (access: RemoteAccess, name: string): string | undefined =>
  access.secrets.get(name)?.toString('utf8').trim();

/** The Authorization header for files of that host: `HTTP_AUTH_HEADER_<host>`, else `HTTP_AUTH_TOKEN_<host>`. */
export function fileAuthorization(access: RemoteAccess, host: string): string | undefined {
  const token = textOf(access, `HTTP_AUTH_TOKEN_${host}`);
  return textOf(access, `HTTP_AUTH_HEADER_${host}`) ?? (token === undefined ? undefined : `Bearer ${token}`);
}

/** The same for repositories: `GIT_AUTH_HEADER` and `GIT_AUTH_TOKEN`, those that end with `.<host>` first. */
function gitAuthorization(access: RemoteAccess, host: string): string | undefined {
  for (const end of [`.${host}`, '']) {
    const header = textOf(access, `GIT_AUTH_HEADER${end}`);
    if (header !== undefined) return header;
    const token = textOf(access, `GIT_AUTH_TOKEN${end}`);
    if (token !== undefined) return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  }
  return undefined;
}

/** Variables of git for the remote. A header goes to its host alone, and is in no command line. */
export function gitEnvironment(access: RemoteAccess, remote: string): Record<string, string> {
  if (/^https?:\/\//.test(remote) && URL.canParse(remote)) {
    const { origin, hostname } = new URL(remote);
    const header = gitAuthorization(access, hostname);
    if (header === undefined) return {};
    return {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: ${header}`,
    };
  }
  const agent = access.agents.get('default');
  const ssh = 'ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null';
  return { GIT_SSH_COMMAND: ssh, ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }) };
}

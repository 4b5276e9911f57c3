// Creating a container: pulls the image where it is missing, and says what the engine warned of.
import { existsSync, writeFileSync } from 'node:fs';
import { type CreateInput, createRequestOf } from '#cli/commands/container/create-request.ts';
import type { Cli } from '#cli/context.ts';
import { type ConfigFile, proxyVariables } from '#cli/files/config-file.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';
import { conflict, invalid, isKind } from '#shared/errors.ts';
import { parsePlatform } from '#shared/oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '#shared/oci/reference.ts';

/** The id of the created container. `adjust` may change the request first. */
export async function createContainer(
  cli: Cli,
  input: CreateInput,
  adjust: (request: ContainerCreateRequest) => void = () => undefined,
): Promise<string> {
  const { flags } = input;
  const request = createRequestOf(input);
  adjust(request);
  const { host } = await cli.endpoint();
  request.Env = [...proxiesOf(cli.config(), host, request.Env ?? []), ...(request.Env ?? [])];
  if (flags['use-api-socket']) addApiSocket(request, host);
  if (flags.platform !== undefined) parsePlatform(flags.platform);
  if (flags.cidfile !== undefined && existsSync(flags.cidfile)) {
    throw conflict(
      `container ID file found, make sure the other container isn't running or delete ${flags.cidfile}`,
    );
  }
  const when = flags.pull ?? 'missing';
  if (!['always', 'missing', 'never'].includes(when)) {
    throw invalid(`invalid pull option: '${when}': must be one of "always", "missing" or "never"`);
  }
  const { containers } = await cli.client();
  const query = {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
  };
  const pull = async () => {
    // Loaded where something is missing only: most runs find their image.
    const { pullImage } = await import('#cli/terminal/pull.ts');
    await pullImage(cli, input.image, { platform: flags.platform, quiet: flags.quiet, output: cli.stderr });
  };
  if (when === 'always') await pull();
  let answer: Awaited<ReturnType<typeof containers.create>>;
  try {
    answer = await containers.create(request, query);
  } catch (thrown) {
    if (when !== 'missing' || !isMissingImage(thrown, input.image)) throw thrown;
    if (!flags.quiet)
      cli.warn(`Unable to find image '${familiarReference(parseReference(input.image))}' locally`);
    await pull();
    answer = await containers.create(request, query);
  }
  for (const warning of answer.Warnings ?? []) cli.warn(`WARNING: ${warning}`);
  if (flags.cidfile !== undefined) writeFileSync(flags.cidfile, answer.Id);
  return answer.Id;
}

/** The proxies of the user's settings, where nothing else says what they are. */
function proxiesOf(config: ConfigFile, host: string, env: readonly string[]): string[] {
  if (config.proxies === undefined) return [];
  const named = new Set(env.map((entry) => entry.split('=')[0]));
  return Object.entries(proxyVariables(config, host)).flatMap(([name, value]) =>
    named.has(name) ? [] : [`${name}=${value}`],
  );
}

/** The container may talk to the engine that runs it. */
function addApiSocket(request: ContainerCreateRequest, host: string): void {
  const socket = /^unix:\/\/(.+)$/.exec(host)?.[1];
  if (socket === undefined)
    throw invalid('--use-api-socket needs an engine on a unix socket', { hint: `this one is ${host}` });
  const mount = { Type: 'bind', Source: socket, Target: '/var/run/docker.sock' } as const;
  request.HostConfig = { ...request.HostConfig, Mounts: [...(request.HostConfig?.Mounts ?? []), mount] };
}

const fullName = (image: string): string => formatReference(parseReference(image));

/** Not another one, which a mount asks for. */
function isMissingImage(thrown: unknown, image: string): boolean {
  if (!isKind(thrown, 'not-found') || !(thrown instanceof Error)) return false;
  const missing = /no such image: (\S+)/i.exec(thrown.message)?.[1];
  if (missing === undefined) return /no such image/i.test(thrown.message);
  return fullName(missing) === fullName(image);
}

// Creating a container: pulls the image where it is missing, and says what the engine warned of.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequestOf, type CreateInput } from '#cli/commands/container/create-request.ts';
import type { Cli } from '#cli/context.ts';
import { pullImage } from '#cli/terminal/pull.ts';
import type { ContainerCreateRequest } from '#shared/contract/container.ts';
import { conflict, invalid, isKind } from '#shared/errors.ts';
import { parsePlatform } from '#shared/oci/platform.ts';
import { familiarReference, parseReference } from '#shared/oci/reference.ts';

/** The id of the created container. `adjust` may change the request first. */
export async function createContainer(
  cli: Cli,
  input: CreateInput,
  adjust: (request: ContainerCreateRequest) => void = () => undefined,
): Promise<string> {
  const { flags } = input;
  const request = createRequestOf(input);
  adjust(request);
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
  const pull = () =>
    pullImage(cli, input.image, { platform: flags.platform, quiet: flags.quiet, output: cli.stderr });
  if (when === 'always') await pull();
  let answer: Awaited<ReturnType<typeof containers.create>>;
  try {
    answer = await containers.create(request, query);
  } catch (thrown) {
    if (when !== 'missing' || !isMissingImage(thrown)) throw thrown;
    if (!flags.quiet)
      cli.warn(`Unable to find image '${familiarReference(parseReference(input.image))}' locally`);
    await pull();
    answer = await containers.create(request, query);
  }
  for (const warning of answer.Warnings ?? []) cli.warn(`WARNING: ${warning}`);
  if (flags.cidfile !== undefined) writeFileSync(flags.cidfile, answer.Id);
  return answer.Id;
}

function isMissingImage(thrown: unknown): boolean {
  return isKind(thrown, 'not-found') && thrown instanceof Error && /no such image/i.test(thrown.message);
}

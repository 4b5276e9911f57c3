// Pulling an image with its progress, for `pull`, `run` and `create`.
import type { Cli, Output } from '#cli/context.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import { showProgress } from '#cli/terminal/progress.ts';
import { parseReference, repositoryOf } from '#shared/oci/reference.ts';

export interface PullWishes {
  platform?: string | undefined;
  quiet: boolean;
  output: Output;
  allTags?: boolean;
  allPlatforms?: boolean;
}

/** Throws `invalid` for a name that is none, and the engine's error where the pull fails. */
export async function pullImage(cli: Cli, name: string, wishes: PullWishes): Promise<void> {
  const reference = parseReference(name);
  const { images } = await cli.client();
  const tag = wishes.allTags ? undefined : (reference.digest ?? reference.tag);
  const query = {
    fromImage: repositoryOf(reference),
    ...(tag === undefined ? {} : { tag }),
    ...(wishes.platform === undefined ? {} : { platform: wishes.platform }),
    ...(wishes.allPlatforms ? { allPlatforms: true } : {}),
  };
  const lines = await images.pull(query, registryAuthFor(cli.env, reference.registry));
  await showProgress(wishes.output, lines, { quiet: wishes.quiet });
}

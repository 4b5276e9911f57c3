// Manifests as registries have them: asked for by this program itself, without an engine.
import type { Cli } from '#cli/context.ts';
import { registryAuthFor } from '#cli/terminal/credentials.ts';
import type { RegistryAuth } from '#registry/auth.ts';
import type { FetchedManifest } from '#registry/manifests.ts';
import { type CallOptions, openRegistry, type RegistryClient } from '#registry/registry.ts';
import { invalid } from '#shared/errors.ts';
import { familiarReference, type Reference } from '#shared/oci/reference.ts';
import type { Descriptor, Manifest, Platform } from '#shared/oci/specs.ts';

const mostConfigBytes = 8 * 1024 * 1024;

/** With `insecure`, http will do, and TLS is not verified. The caller disposes of it. */
export function openFor(reference: Reference, insecure: boolean): RegistryClient {
  return openRegistry(insecure ? { insecure: [reference.registry] } : {});
}

/** What the user has stored for the registry of a name. */
export function callOptions(cli: Cli, { registry }: Reference): CallOptions {
  const header = registryAuthFor(cli.env, registry);
  if (header === undefined) return {};
  const auth: RegistryAuth = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  return { auth };
}

export interface Found extends FetchedManifest {
  document: { kind: 'manifest'; manifest: Manifest };
}

/** One image's manifest. Throws `invalid` where the name stands for a list of them. */
export async function fetchImage(
  registry: RegistryClient,
  reference: Reference,
  options: CallOptions,
): Promise<Found> {
  const found = await registry.manifest(reference, options);
  const { document } = found;
  if (document.kind === 'manifest') return { ...found, document };
  const each = document.index.manifests.map(({ digest, platform }) =>
    platform === undefined ? digest : `${platform.os}/${platform.architecture} ${digest}`,
  );
  throw invalid(`${familiarReference(reference)} is a manifest list`, {
    hint: `name one of its images by digest: ${each.join(', ')}`,
  });
}

/** The platform that the image's configuration tells. */
export async function platformOf(
  registry: RegistryClient,
  reference: Reference,
  where: { config: Descriptor; options: CallOptions },
): Promise<Platform> {
  const { config, options } = where;
  if (config.size > mostConfigBytes) throw invalid(`the configuration of ${config.digest} is too big`);
  const chunks: Buffer[] = [];
  const sink = {
    offset: 0,
    async write(chunk: Buffer) {
      chunks.push(chunk);
      sink.offset += chunk.length;
    },
  };
  await registry.blob(reference, config, { ...options, sink });
  const { os, architecture, variant, ...more } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return {
    architecture: String(architecture ?? ''),
    os: String(os ?? ''),
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof more['os.version'] === 'string' ? { 'os.version': more['os.version'] } : {}),
  };
}

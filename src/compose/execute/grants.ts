// Secrets and configs that a container is given as copies, with the owner and mode that the file asks for.
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { readAll } from '#client/wire.ts';
import { isBound, targetOf } from '#compose/execute/mounts.ts';
import type { Session } from '#compose/execute/session.ts';
import type { FileGrant, Project, ProjectFile, Service } from '#compose/model.ts';
import { invalid, messageOf, unsupported } from '#shared/errors.ts';

export interface GrantedFile {
  /** Absolute, in the container. */
  path: string;
  content: Buffer;
  uid: number;
  gid: number;
  mode: number;
}

/** The files to copy into the containers of a service. Throws `invalid` where one cannot be read or is set nowhere. */
export function copiedFiles(project: Project, service: Service): GrantedFile[] {
  const copied = (grants: readonly FileGrant[] | undefined, files: Record<string, ProjectFile>, kind: Kind) =>
    (grants ?? [])
      .filter((grant) => !isBound(grant, files[grant.source]))
      .map((grant) => grantedFile(grant, files[grant.source], { project, kind }));
  return [
    ...copied(service.secrets, project.secrets, { name: 'secret', folder: '/run/secrets/' }),
    ...copied(service.configs, project.configs, { name: 'config', folder: '/' }),
  ];
}

interface Kind {
  name: 'secret' | 'config';
  folder: string;
}

function grantedFile(
  grant: FileGrant,
  file: ProjectFile | undefined,
  { project, kind }: { project: Project; kind: Kind },
): GrantedFile {
  return {
    path: targetOf(grant, kind.folder),
    content: contentOf(file, `${kind.name} "${grant.source}"`, project),
    uid: Number(grant.uid ?? 0),
    gid: Number(grant.gid ?? 0),
    mode: Number.parseInt(grant.mode ?? '0444', 8),
  };
}

function contentOf(file: ProjectFile | undefined, name: string, project: Project): Buffer {
  if (file?.content !== undefined) return Buffer.from(file.content);
  if (file?.environment !== undefined) {
    const value = Object.hasOwn(project.environment, file.environment)
      ? project.environment[file.environment]
      : undefined;
    if (value === undefined)
      throw invalid(`environment variable "${file.environment}" required by ${name} is not set`);
    return Buffer.from(value);
  }
  if (file?.file === undefined)
    throw invalid(`${name} is external, and there is no store to take it from`, { hint: 'give it a file' });
  try {
    return readFileSync(file.file);
  } catch (thrown) {
    throw invalid(`${name}: ${messageOf(thrown)}`);
  }
}

/**
 * Afterwards the container, which has not been started, has the files. Our engine keeps them beside it and mounts them;
 * any other gets them copied in. Throws `unsupported` where that one could not take them.
 */
export async function giveFiles(
  { client }: Pick<Session, 'client'>,
  containerId: string,
  { service, files }: { service: Service; files: readonly GrantedFile[] },
): Promise<void> {
  if (files.length === 0) return;
  const tar = await tarOf(files);
  if (await client.containers.grantFiles(containerId, tar)) return;
  if (service['read_only'] === true)
    throw unsupported(`cannot put ${files[0]?.path} into a read_only service on this engine`, {
      hint: 'a secret or config from a file, without uid, gid and mode, can be mounted',
    });
  await client.containers.putArchive(containerId, '/', tar);
}

async function tarOf(files: readonly GrantedFile[]): Promise<Buffer> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  for (const { path, content, uid, gid, mode } of files)
    tar.entry({ name: path.replace(/^\/+/, ''), uid, gid, mode }, content);
  tar.finalize();
  return readAll(tar as unknown as Readable);
}

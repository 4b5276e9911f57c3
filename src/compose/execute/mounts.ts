// The mounts of a service as the engine wants them.

import { bytesOf } from '#compose/execute/values.ts';
import type { FileGrant, Project, ProjectFile, Service, ServiceVolume } from '#compose/model.ts';
import type { MountRequest } from '#shared/contract/container.ts';

export interface Mounts {
  Binds: string[];
  Mounts: MountRequest[];
}

/** All mounts of the service but those of files that are copied in; `kept` are anonymous volumes by target. */
export function mountsOf(
  project: Project,
  service: Service,
  kept: Readonly<Record<string, string>> = {},
): Mounts {
  const mounts: Mounts = { Binds: [], Mounts: [] };
  for (const volume of service.volumes ?? []) addVolume(mounts, volume, { project, kept });
  for (const [target, name] of Object.entries(kept)) {
    const isTold = service.volumes?.some((volume) => volume.target === target) ?? false;
    if (!isTold) mounts.Mounts.push({ Type: 'volume', Source: name, Target: target });
  }
  for (const { file, target } of [
    ...boundFiles(service.secrets, project.secrets, '/run/secrets/'),
    ...boundFiles(service.configs, project.configs, '/'),
  ]) {
    mounts.Mounts.push({ Type: 'bind', Source: file, Target: target, ReadOnly: true });
  }
  return mounts;
}

interface Frame {
  project: Project;
  kept: Readonly<Record<string, string>>;
}

function addVolume(mounts: Mounts, volume: ServiceVolume, { project, kept }: Frame): void {
  const { type, source, target, bind } = volume;
  const isPlainBind = type === 'bind' && bind?.create_host_path !== false && bind?.recursive === undefined;
  if (isPlainBind && source !== undefined) {
    const modes = [volume.read_only ? 'ro' : 'rw', bind?.selinux, bind?.propagation].filter(
      (mode) => mode !== undefined,
    );
    mounts.Binds.push(`${source}:${target}:${modes.join(',')}`);
    return;
  }
  const request: MountRequest = { Type: type, Target: target };
  if (volume.read_only) request.ReadOnly = true;
  const named =
    type === 'volume'
      ? source === undefined
        ? kept[target]
        : (project.volumes[source]?.name ?? source)
      : source;
  if (named !== undefined) request.Source = named;
  addOptions(request, volume);
  mounts.Mounts.push(request);
}

function addOptions(request: MountRequest, { bind, volume, tmpfs, type }: ServiceVolume): void {
  if (type === 'bind') {
    request.BindOptions = {
      ...(bind?.propagation === undefined ? {} : { Propagation: bind.propagation }),
      ...(bind?.recursive === 'disabled' ? { NonRecursive: true } : {}),
      ...(bind?.recursive === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
      ...(bind?.recursive === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
    };
  }
  if (type === 'volume' && volume !== undefined && Object.keys(volume).length > 0) {
    request.VolumeOptions = {
      ...(volume.nocopy === true ? { NoCopy: true } : {}),
      ...(volume.labels === undefined ? {} : { Labels: volume.labels }),
      ...(volume.subpath === undefined ? {} : { Subpath: volume.subpath }),
    };
  }
  if (type === 'tmpfs' && tmpfs !== undefined) {
    const size = bytesOf(tmpfs.size);
    request.TmpfsOptions = {
      ...(size === undefined ? {} : { SizeBytes: size }),
      ...(tmpfs.mode === undefined ? {} : { Mode: tmpfs.mode }),
    };
  }
}

/** Where a granted file stands in the container. */
export function targetOf(grant: FileGrant, folder: string): string {
  const target = grant.target ?? grant.source;
  return target.startsWith('/') ? target : `${folder}${target}`;
}

/** True where the file is bound as it is; with an owner or a mode of its own it is copied into the container. */
export function isBound(grant: FileGrant, file: ProjectFile | undefined): boolean {
  return file?.file !== undefined && [grant.uid, grant.gid, grant.mode].every((part) => part === undefined);
}

function boundFiles(
  grants: readonly FileGrant[] | undefined,
  files: Readonly<Record<string, ProjectFile>>,
  folder: string,
): { file: string; target: string }[] {
  return (grants ?? []).flatMap((grant) => {
    const known = files[grant.source];
    return known?.file !== undefined && isBound(grant, known)
      ? [{ file: known.file, target: targetOf(grant, folder) }]
      : [];
  });
}

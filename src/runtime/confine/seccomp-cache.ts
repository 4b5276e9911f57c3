// The compiled seccomp filter, kept: compiling the default profile costs crun more than all the rest of a start.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OciSeccomp, OciSpec } from '../oci-spec.ts';

/** crun(1): a ready filter, base64, instead of the rules of the spec. */
const annotation = 'run.oci.seccomp_bpf_data';
/** A struct sock_filter, linux/filter.h. */
const instructionBytes = 8;
const mostFilters = 64;

const filters = new Map<string, string>();
/** Bundle → key of the profile that it waits to see compiled. */
const awaited = new Map<string, string>();
const keys = new WeakMap<OciSeccomp, string>();

function keyOf(seccomp: OciSeccomp): string {
  let key = keys.get(seccomp);
  if (key === undefined) {
    key = createHash('sha1').update(JSON.stringify(seccomp)).digest('base64');
    keys.set(seccomp, key);
  }
  return key;
}

/**
 * The spec as it is written into `bundle`: with the compiled filter in place of the rules, once one is known.
 * Filters are only ever learned from crun, so that another runtime sees the rules.
 */
export function withCompiledSeccomp(bundle: string, spec: OciSpec): OciSpec {
  const { seccomp, ...linux } = spec.linux;
  // Flags are applied beside the filter, and come from the rules' section.
  if (seccomp === undefined || seccomp.flags?.length) return spec;
  const key = keyOf(seccomp);
  const filter = filters.get(key);
  if (filter === undefined) {
    awaited.set(bundle, key);
    return spec;
  }
  return { ...spec, linux, annotations: { ...spec.annotations, [annotation]: filter } };
}

/** Whether the profile of that bundle is still to be learned. */
export function awaitsFilter(bundle: string): boolean {
  return awaited.has(bundle);
}

/** Keeps the filter that crun has compiled for a container that now exists. */
export function learnFilter(bundle: string, stateRoot: string, id: string): void {
  const key = awaited.get(bundle);
  if (key === undefined) return;
  try {
    const filter = readFileSync(join(stateRoot, id, 'seccomp.bpf'));
    if (filter.length === 0 || filter.length % instructionBytes !== 0) return;
    if (filters.size >= mostFilters) filters.clear();
    filters.set(key, filter.toString('base64'));
    awaited.delete(bundle);
  } catch {
    // The rules do as well.
  }
}

/** The container of that bundle is gone. */
export function forgetAwaited(bundle: string): void {
  awaited.delete(bundle);
}

// An image of a step: what a container is made from to look around in it.
import { mergeEnv } from '#shared/notation/env.ts';
import type { Digest } from '#shared/oci/digest.ts';
import type { ImageConfig } from '#shared/oci/specs.ts';
import type { Layer, Snapshots } from '#storage/snapshots/snapshots.ts';
import type { StepEnvironment } from '../record/record.ts';

/** The layers of a stack, the lowest first. */
export function layersOf(snapshots: Snapshots, chainId: Digest): Layer[] {
  const layers: Layer[] = [];
  for (let at: Digest | null = chainId; at !== null; ) {
    const layer: Layer = snapshots.layer(at);
    layers.unshift(layer);
    at = layer.parent;
  }
  return layers;
}

/**
 * What a container of the step needs: its variables with the ARGs that it sees, folder and user. Its command is the
 * step's shell; nothing that hides files (volumes) or runs by itself (health checks, triggers) comes along.
 */
export function stepImageConfig(
  { config, args, platform }: StepEnvironment,
  layers: readonly Layer[],
  step: { created: string; title: string },
): ImageConfig {
  const { Env, WorkingDir, User, Shell, StopSignal } = config;
  const declared = Object.entries(args).map((pair) => pair.join('='));
  return {
    ...platform,
    created: step.created,
    config: {
      Env: mergeEnv(declared, Env ?? []),
      Cmd: [Shell?.[0] ?? '/bin/sh'],
      ...(WorkingDir === undefined ? {} : { WorkingDir }),
      ...(User === undefined ? {} : { User }),
      ...(StopSignal === undefined ? {} : { StopSignal }),
      Labels: { 'wharf.build.step': step.title },
    },
    history: layers.map(() => ({ created: step.created, created_by: step.title })),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  };
}

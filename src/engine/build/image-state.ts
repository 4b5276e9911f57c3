// What an image has become after each instruction: its config, layers and history.
import type { Digest } from '#shared/oci/digest.ts';
import type { HistoryEntry, ImageConfig, ImageRunConfig, Platform } from '#shared/oci/specs.ts';
import type { Declared } from './variables.ts';

export interface StepLayer {
  chainId: Digest;
  diffId: Digest;
  sizeBytes: number;
}

/** Mutable, owned by the stage that builds it. */
export interface ImageState {
  /** Cache key of the last step. */
  key: string;
  /** Top layer; null where there is none yet. */
  chainId: Digest | null;
  layers: { diffId: Digest; size: number; digest?: Digest; mediaType?: string }[];
  history: HistoryEntry[];
  config: ImageRunConfig;
  platform: Platform;
  author?: string;
  created?: string;
  /** ARGs declared so far. */
  args: Declared;
  /** True once this stage set CMD: a later ENTRYPOINT then keeps it. */
  ownCmd: boolean;
}

/** Default search path of commands in images that do not say. */
export const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The state of `FROM scratch`. */
export function scratchState(platform: Platform): ImageState {
  return {
    key: `scratch/${platform.os}/${platform.architecture}/${platform.variant ?? ''}`,
    chainId: null,
    layers: [],
    history: [],
    config: { Env: [defaultPath], WorkingDir: '/' },
    platform,
    args: new Map(),
    ownCmd: false,
  };
}

/** A state to build on without changing the one it comes from. Its ARGs are those of the stage that it is on. */
export function childState(parent: ImageState): ImageState {
  return {
    ...parent,
    layers: [...parent.layers],
    history: [...parent.history],
    config: structuredClone(parent.config),
    args: new Map(parent.args),
    ownCmd: false,
  };
}

/** The config blob of a state. The same state gives the same bytes. */
export function imageConfigOf(state: ImageState): ImageConfig {
  const { platform } = state;
  return {
    architecture: platform.architecture,
    ...(platform.variant ? { variant: platform.variant } : {}),
    os: platform.os,
    ...(state.author === undefined ? {} : { author: state.author }),
    ...(state.created === undefined ? {} : { created: state.created }),
    config: state.config,
    history: state.history,
    rootfs: { type: 'layers', diff_ids: state.layers.map((layer) => layer.diffId) },
  };
}

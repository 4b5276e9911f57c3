// The files of a stack of layers, mounted to be read.
import { rmdirSync } from 'node:fs';
import { bindMount, unmount } from '#kernel/mounts.ts';
import { mountOverlay } from '#kernel/overlay.ts';

export interface ReadOnlyMount extends Disposable {
  /** Where the files are. */
  path: string;
}

/** Mounts the layers (topmost first) at `target`, an empty directory; disposing unmounts and removes it. */
export function mountReadOnly(lowers: readonly string[], target: string): ReadOnlyMount {
  const [only] = lowers;
  // An overlay without an upper directory needs two lower ones.
  if (lowers.length === 1 && only !== undefined) bindMount(only, target, { readOnly: true });
  else mountOverlay({ lowers: [...lowers], target });
  return {
    path: target,
    [Symbol.dispose]: () => {
      unmount(target);
      rmdirSync(target);
    },
  };
}

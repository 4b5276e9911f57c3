// `--call=targets`: the stages that a Dockerfile offers. Pure.
import type { Dockerfile } from '../dockerfile/instruction.ts';
import { columns, describedIn, type Location, locationOf } from './tell.ts';

/** As BuildKit's `frontend.targets` answers. */
export interface TargetList {
  targets: {
    name?: string;
    default?: true;
    description?: string;
    base: string;
    platform?: string;
    location: Location;
  }[];
  /** The Dockerfile, in base64. */
  sources: string[];
}

/** In the order of the file; the last one is the default. */
export function listTargets({ stages }: Dockerfile, text: string): TargetList {
  const targets = stages.map(({ name, from }, at) => {
    const description = describedIn(from, name);
    return {
      ...(name === undefined ? {} : { name }),
      ...(at === stages.length - 1 ? { default: true as const } : {}),
      ...(description === undefined ? {} : { description }),
      base: from.image,
      ...(from.platform === undefined ? {} : { platform: from.platform }),
      location: locationOf(from),
    };
  });
  return { targets, sources: [Buffer.from(text).toString('base64')] };
}

export function tellTargets({ targets }: TargetList): string {
  const rows = targets.map(({ name = '', default: isDefault, description = '' }) => {
    const shown = isDefault === true ? (name === '' ? '(default)' : `${name} (default)`) : name;
    return [shown, description];
  });
  return columns([['TARGET', 'DESCRIPTION'], ...rows], 1);
}

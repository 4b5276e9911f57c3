// One request of the comparison with dockerd, and what many of them share.

export interface Step {
  /** `METHOD path`; `{name}` stands for an id that an earlier step kept. */
  ask: string;
  body?: unknown;
  /** Keeps the answer's `Id` (or `ID`) under this name. */
  keep?: string;
}

export const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
export const base = { Image: 'base:1', Cmd: ['true'] };

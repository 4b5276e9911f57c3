// What the catalog knows of a command before its file is loaded.
import type { Command } from '#cli/grammar/command.ts';

export interface Entry {
  /** As people type it first. */
  name: string;
  /** Other spellings, with the group's word. */
  also: readonly string[];
  summary: string;
  load: () => Promise<{ command: Command }>;
}

export interface Section {
  title: string;
  entries: Entry[];
}

export const entry = (
  name: string,
  also: readonly string[],
  summary: string,
  load: Entry['load'],
): Entry => ({ name, also, summary, load });

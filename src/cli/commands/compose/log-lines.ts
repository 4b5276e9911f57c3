// Writes lines of several containers with the name of each before them, in a colour of its own.
import { hasColours } from '#cli/commands/compose/globals.ts';
import type { Cli } from '#cli/context.ts';

const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export interface LineWishes {
  /** Names that will come, so that all lines begin in one column. */
  sources: readonly string[];
  colour: boolean;
  prefix: boolean;
}

export interface Lines {
  /** A container's line, to the stream it came on. */
  write(line: { source: string; stream: 'stdout' | 'stderr'; text: string }): void;
  /** A line about a container: `web-1 exited with code 0`. */
  tell(source: string, text: string): void;
}

export function openLines(cli: Cli, wishes: LineWishes): Lines {
  const width = Math.max(0, ...wishes.sources.map((source) => source.length));
  const chosen = new Map<string, number>();
  const isColoured = wishes.colour && hasColours(cli, cli.stdout.isTTY);
  const paint = (source: string, text: string): string => {
    if (!isColoured) return text;
    const colour = chosen.get(source) ?? colours[chosen.size % colours.length] ?? 36;
    chosen.set(source, colour);
    return `\x1b[${colour}m${text}\x1b[0m`;
  };
  for (const source of wishes.sources) paint(source, '');
  return {
    write({ source, stream, text }) {
      const head = wishes.prefix ? paint(source, `${source.padEnd(width)}  | `) : '';
      cli[stream].write(`${head}${text}\n`);
    },
    tell(source, text) {
      cli.print(paint(source, `${source} ${text}`));
    },
  };
}

// Shows a build as it goes on.
import type { Cli } from '#cli/context.ts';
import { openDisplay, progressError } from '#cli/terminal/progress.ts';
import type { ProgressLine } from '#shared/contract/image.ts';

export interface BuildView {
  quiet: boolean;
  plain: boolean;
}

/** The id of the built image. Throws the build's error; a quiet build shows its output before that. */
export async function showBuild(
  cli: Cli,
  lines: AsyncIterable<ProgressLine>,
  view: BuildView,
): Promise<string | undefined> {
  using display = openDisplay(cli.stdout, { plain: view.plain });
  const kept: string[] = [];
  let id: string | undefined;
  for await (const line of lines) {
    const error = progressError(line);
    if (error !== undefined) {
      if (view.quiet) cli.stderr.write(kept.join(''));
      throw error;
    }
    id = idIn(line.aux) ?? id;
    if (line.aux !== undefined) continue;
    if (!view.quiet) display.show(view.plain ? line : decorated(line));
    else {
      kept.push(line.stream ?? '');
      // A quiet build's last line is the id itself.
      id = /^sha256:[a-f0-9]{64}$/.exec(line.stream?.trim() ?? '')?.[0] ?? id;
    }
  }
  return id;
}

function idIn(aux: unknown): string | undefined {
  return typeof aux === 'object' && aux !== null && 'ID' in aux && typeof aux.ID === 'string'
    ? aux.ID
    : undefined;
}

const bold = '\x1b[1m';
const dim = '\x1b[2m';
const green = '\x1b[32m';
const plain = '\x1b[0m';

/** The steps stand out, what is only bookkeeping steps back. */
function decorated(line: ProgressLine): ProgressLine {
  const { stream } = line;
  if (stream === undefined) return line;
  if (/^Step \d+\/\d+ : /.test(stream))
    return { ...line, stream: `${bold}${stream.replace(/\n$/, '')}${plain}\n` };
  if (/^Successfully (?:built|tagged) /.test(stream))
    return { ...line, stream: `${green}${stream.replace(/\n$/, '')}${plain}\n` };
  if (/^ ---> |^Removing intermediate/.test(stream))
    return { ...line, stream: `${dim}${stream.replace(/\n$/, '')}${plain}\n` };
  return line;
}

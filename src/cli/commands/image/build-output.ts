// Shows a build as it goes on.
import type { RawProgress } from '#cli/commands/build/raw-progress.ts';
import type { Cli, Output } from '#cli/context.ts';
import { openDisplay, progressError } from '#cli/terminal/progress.ts';
import type { ProgressLine } from '#shared/contract/image.ts';

export interface BuildView {
  quiet: boolean;
  plain: boolean;
  /** As BuildKit's status objects, to stderr. */
  raw: boolean;
  output: Output;
}

export interface BuildAnswer {
  id: string | undefined;
  /** Of several platforms: the digest of their index. */
  index: string | undefined;
  /** Of the build checks. */
  warnings: number;
  /** What was asked, where nothing was built. */
  answer: unknown;
}

/** The id of the built image. Throws the build's error; a quiet build shows its output before that. */
export async function showBuild(
  cli: Cli,
  lines: AsyncIterable<ProgressLine>,
  view: BuildView,
): Promise<BuildAnswer> {
  using display = openDisplay(view.output, { plain: view.plain });
  const raw = view.raw ? await openRaw(cli) : undefined;
  const kept: string[] = [];
  let id: string | undefined;
  let index: string | undefined;
  let warnings = 0;
  let answer: unknown;
  for await (const line of lines) {
    const error = progressError(line);
    if (error !== undefined) {
      if (view.quiet) cli.stderr.write(kept.join(''));
      raw?.end(error.message);
      throw error;
    }
    id = wordIn(line.aux, 'ID') ?? id;
    index = wordIn(line.aux, 'Index') ?? index;
    warnings += warningsIn(line.aux);
    if (typeof line.aux === 'object' && line.aux !== null && 'answer' in line.aux) answer = line.aux.answer;
    if (line.aux !== undefined) continue;
    if (raw !== undefined) raw.show(line);
    else if (!view.quiet) display.show(view.plain ? line : decorated(line));
    else {
      kept.push(line.stream ?? '');
      // A quiet build's last line is the id itself.
      id = /^sha256:[a-f0-9]{64}$/.exec(line.stream?.trim() ?? '')?.[0] ?? id;
    }
  }
  raw?.end();
  return { id, index, warnings, answer };
}

async function openRaw(cli: Cli): Promise<RawProgress> {
  const { RawProgress } = await import('#cli/commands/build/raw-progress.ts');
  return new RawProgress((text) => cli.stderr.write(text));
}

function warningsIn(aux: unknown): number {
  const found = typeof aux === 'object' && aux !== null && 'warnings' in aux ? aux.warnings : undefined;
  return Array.isArray(found) ? found.length : 0;
}

function wordIn(aux: unknown, name: string): string | undefined {
  const words: Partial<Record<string, unknown>> = typeof aux === 'object' && aux !== null ? { ...aux } : {};
  const word = words[name];
  return typeof word === 'string' ? word : undefined;
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

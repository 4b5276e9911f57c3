// The progress of pull, push and load: a line per layer with a bar in a terminal, plain lines elsewhere.
import type { Output } from '#cli/context.ts';
import type { ProgressLine } from '#shared/contract/image.ts';
import { type EngineError, internal } from '#shared/errors.ts';
import { formatBytesDecimal } from '#shared/notation/size.ts';

const frameMs = 60;
const barWidth = 30;

/** The error that a progress line carries. */
export function progressError(line: ProgressLine): EngineError | undefined {
  if (line.error === undefined && line.errorDetail === undefined) return undefined;
  const message = line.errorDetail?.message ?? line.error ?? '';
  const hint =
    line.errorDetail !== undefined && 'hint' in line.errorDetail ? line.errorDetail.hint : undefined;
  return internal(message, typeof hint === 'string' ? { hint } : {});
}

/** Shows the lines until they end; throws the error that one of them carries. `quiet` shows nothing. */
export async function showProgress(
  output: Output,
  lines: AsyncIterable<ProgressLine>,
  options: { quiet?: boolean; onAux?: (aux: unknown) => void } = {},
): Promise<void> {
  using display = options.quiet ? undefined : openDisplay(output);
  for await (const line of lines) {
    const error = progressError(line);
    if (error !== undefined) throw error;
    if (line.aux !== undefined) options.onAux?.(line.aux);
    else display?.show(line);
  }
}

/** Shows lines one by one; disposing draws the last state. */
export interface ProgressDisplay extends Disposable {
  show(line: ProgressLine): void;
}

export function openDisplay(output: Output, options: { plain?: boolean } = {}): ProgressDisplay {
  return output.isTTY && !options.plain ? new BarDisplay(output) : new PlainDisplay(output);
}

class PlainDisplay implements ProgressDisplay {
  readonly #output: Output;
  constructor(output: Output) {
    this.#output = output;
  }

  show(line: ProgressLine): void {
    if (line.stream !== undefined) this.#output.write(line.stream);
    else if (line.status !== undefined && !isMoving(line)) this.#output.write(`${prefixed(line)}\n`);
  }

  [Symbol.dispose](): void {}
}

function isMoving(line: ProgressLine): boolean {
  return (line.progressDetail?.current ?? 0) > 0 || Boolean(line.progress);
}

function prefixed(line: ProgressLine): string {
  return line.id === undefined || line.id === '' ? (line.status ?? '') : `${line.id}: ${line.status}`;
}

class BarDisplay implements ProgressDisplay {
  readonly #output: Output;
  readonly #rows: { id: string; text: string }[] = [];
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  show(line: ProgressLine): void {
    if (line.id === undefined || line.id === '' || line.stream !== undefined) {
      this.#finishRows();
      this.#output.write(line.stream ?? `${line.status ?? ''}\n`);
      return;
    }
    const text = `${prefixed(line)}${bar(line)}`;
    const row = this.#rows.find((each) => each.id === line.id);
    if (row === undefined) this.#rows.push({ id: line.id, text });
    else row.text = text;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, frameMs);
  }

  #draw(): void {
    const width = this.#output.columns ?? 80;
    // Rows that have left the top of the screen cannot be drawn again.
    const most = Math.max(1, (this.#output.rows ?? 24) - 1);
    const rows = this.#rows.slice(-most);
    const up = this.#drawn > 0 ? `\x1b[${Math.min(this.#drawn, most)}A` : '';
    this.#output.write(up + rows.map(({ text }) => `\r\x1b[2K${text.slice(0, width)}\n`).join(''));
    this.#drawn = rows.length;
  }

  #finishRows(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rows.length > 0) this.#draw();
    this.#rows.length = 0;
    this.#drawn = 0;
  }

  [Symbol.dispose](): void {
    this.#finishRows();
  }
}

function bar(line: ProgressLine): string {
  const { current = 0, total = 0 } = line.progressDetail ?? {};
  if (current <= 0) return line.progress ? ` ${line.progress}` : '';
  if (total <= 0) return `  ${formatBytesDecimal(current)}`;
  const filled = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const arrow = filled < barWidth ? '>' : '';
  const shape = `${'='.repeat(filled)}${arrow}`.padEnd(barWidth);
  return ` [${shape.slice(0, barWidth)}] ${formatBytesDecimal(current)}/${formatBytesDecimal(total)}`;
}

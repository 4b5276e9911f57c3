// Lists: as a table with Docker's column widths, as JSON lines, or through a template (`--format`).
import type { Cli } from '#cli/context.ts';
import { goJson } from '#shared/notation/template/functions.ts';
import { compileTemplate } from '#shared/notation/template.ts';

/** Texts by the names that templates know them under; functions are methods of templates and are not shown. */
export type Row = Record<string, unknown>;

export interface ListShape {
  /** The table's heads by field. Every field has one, shown by default or not. */
  heads: Record<string, string>;
  /** The fields of the default table. */
  columns: readonly string[];
  format?: string | undefined;
}

const leastWidth = 10;
const gap = 3;

/** Prints the rows in the form that was asked for. Throws `invalid` for a bad template. */
export function printRows(cli: Cli, rows: readonly Row[], shape: ListShape): void {
  cli.stdout.write(renderRows(rows, shape));
}

export function renderRows(rows: readonly Row[], shape: ListShape): string {
  const format = (shape.format ?? '').trim();
  if (format === 'json') return rows.map((row) => `${goJson(row)}\n`).join('');
  if (format === '' || format === 'table') {
    const cells = rows.map((row) => shape.columns.map((column) => String(row[column] ?? '')));
    return renderTable([shape.columns.map((column) => shape.heads[column] ?? column), ...cells]);
  }
  const isTable = /^table\s/.test(format);
  const template = format
    .replace(/^table\s+/, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
  const show = compileTemplate(template, { strict: true });
  const lines = rows.map(show);
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  return renderTable([headsOf(template, shape.heads), ...lines.map((line) => line.split('\t'))]);
}

/** The head of each column of a table template: that of the first field it shows. */
function headsOf(template: string, heads: Record<string, string>): string[] {
  return template.split('\t').map((column) => {
    const field = /\{\{[^}]*?\.([A-Za-z]+)/.exec(column)?.[1];
    return field === undefined ? '' : (heads[field] ?? field.toUpperCase());
  });
}

/** Lines of cells, every column but the last padded to its widest cell, and to `least` characters. */
export function renderTable(lines: readonly (readonly string[])[], least = leastWidth): string {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [at, cell] of line.entries()) {
      if (at < line.length - 1) widths[at] = Math.max(widths[at] ?? least, widthOf(cell) + gap);
    }
  }
  return lines
    .map((line) =>
      line.map((cell, at) => (at < line.length - 1 ? cell + padding(cell, widths[at]) : cell)).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function padding(cell: string, width = 0): string {
  return ' '.repeat(Math.max(0, width - widthOf(cell)));
}

function widthOf(cell: string): number {
  return [...cell].length;
}

/** The text cut to `width` characters, with an ellipsis as its last one where something was cut. */
export function ellipsis(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join('')}…`;
}

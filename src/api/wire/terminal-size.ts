// The size of a terminal in a query: `h` rows and `w` columns.
import { invalid } from '#shared/errors.ts';

/** Throws `invalid` with Docker's sentence for what is no number, or not there. */
export function decodeSize(query: { h?: string | undefined; w?: string | undefined }): {
  width: number;
  height: number;
} {
  return { height: decodeCells('height', query.h), width: decodeCells('width', query.w) };
}

const most = 0xffff_ffff;

function decodeCells(what: 'height' | 'width', text = ''): number {
  if (!/^\d{1,10}$/.test(text))
    throw invalid(`invalid resize ${what} "${text.slice(0, 100)}": invalid syntax`);
  const cells = Number(text);
  if (cells > most) throw invalid(`invalid resize ${what} "${text}": value out of range`);
  return Math.min(cells, 65_535);
}

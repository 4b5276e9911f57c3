// Amounts of bytes: `512m` as users write it, `12.3MB` and `1.5MiB` as tables show it.
import { invalid } from '#shared/errors.ts';

const powers: Record<string, number> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * The bytes in `10m`, `1.5g`, `64KiB` or `1024`; units are powers of 1024 whatever their spelling, as Docker
 * counts memory. Throws `invalid`.
 */
export function parseBytes(text: string): number {
  const match = /^(\d{1,20}(?:\.\d{1,20})?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null)
    throw invalid(`invalid size: '${text.slice(0, 100)}'`, { hint: 'a size looks like 512m, 1.5g or 64k' });
  const bytes = Math.floor(Number(match[1]) * 1024 ** (powers[(match[2] ?? '').toLowerCase()] ?? 0));
  if (!Number.isSafeInteger(bytes)) throw invalid(`invalid size: '${text}' is too big`);
  return bytes;
}

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** `12.3MB`: powers of 1000, three significant digits, as `images` and `history` show it. */
export function formatBytesDecimal(bytes: number, digits = 3): string {
  return formatScaled(bytes, { step: 1000, units: decimalUnits, digits });
}

/** `1.5MiB`: powers of 1024, four significant digits, as `stats` and `info` show it. */
export function formatBytesBinary(bytes: number, digits = 4): string {
  return formatScaled(bytes, { step: 1024, units: binaryUnits, digits });
}

function formatScaled(bytes: number, scale: { step: number; units: string[]; digits: number }): string {
  let value = bytes;
  let unit = 0;
  while (value >= scale.step && unit < scale.units.length - 1) {
    value /= scale.step;
    unit += 1;
  }
  const rounded = value >= 10 ** scale.digits ? Math.round(value) : Number(value.toPrecision(scale.digits));
  return `${rounded}${scale.units[unit]}`;
}

// Which fields of two configurations differ, told as a person would say it.
import { isMap, type Json, type JsonMap, sameData } from '#compose/json.ts';

export interface Difference {
  /** `environment.MYSQL_DATABASE` */
  field: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** Every field that differs, in the order of the keys. Lists are told as what went and what came. */
export function differences(before: JsonMap, after: JsonMap, prefix = ''): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const old = before[key];
    const now = after[key];
    const field = prefix === '' ? key : `${prefix}.${key}`;
    if (sameData(old, now)) return [];
    if (isMap(old) && isMap(now)) return differences(old, now, field);
    if (Array.isArray(old) && Array.isArray(now) && !isOrdered(key)) return listDifferences(old, now, field);
    return [{ field, before: old, after: now }];
  });
}

/** Words of a command mean something only in their order. */
function isOrdered(key: string): boolean {
  return ['command', 'entrypoint', 'test', 'dns'].includes(key);
}

function listDifferences(before: Json[], after: Json[], field: string): Difference[] {
  const gone = before.filter((item) => !after.some((other) => sameData(item, other)));
  const come = after.filter((item) => !before.some((other) => sameData(item, other)));
  if (gone.length === 0 && come.length === 0) return [{ field: `${field} (order)`, before, after }];
  if (gone.length === 1 && come.length === 1) return [{ field, before: gone[0], after: come[0] }];
  return [
    ...gone.map((item) => ({ field, before: item, after: undefined })),
    ...come.map((item) => ({ field, before: undefined, after: item })),
  ];
}

const secretName = /pass|secret|token|key|credential/i;

/** `environment.MYSQL_DATABASE users → shop`; what looks like a password is not shown. */
export function formatDifference({ field, before, after }: Difference): string {
  if (before === undefined)
    return secretName.test(field) ? `${field} is new` : `${field} is new: ${shown(after)}`;
  if (after === undefined)
    return secretName.test(field) ? `${field} is gone` : `${field} is gone: ${shown(before)}`;
  return secretName.test(field) ? `${field} is changed` : `${field} ${shown(before)} → ${shown(after)}`;
}

/** One line of at most some 60 characters. */
function shown(value: Json | undefined): string {
  const text = typeof value === 'string' ? (value === '' ? '""' : value) : summary(value ?? null);
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}

function summary(value: Json): string {
  if (isMap(value) && value['target'] !== undefined) {
    const from = value['published'] ?? value['source'];
    return `${from === undefined ? '' : `${String(from)}:`}${String(value['target'])}${value['protocol'] === 'udp' ? '/udp' : ''}`;
  }
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value.join(' ')
    : JSON.stringify(value);
}

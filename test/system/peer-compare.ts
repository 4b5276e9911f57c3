// Puts an answer beside another engine's: statuses, types, field names and values, less what differs on every machine.

/** One difference, as `path: ours, theirs`. */
export type Difference = string;

export interface Compared {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** Differences between two answers to the same request; none where a client could not tell them apart. */
export function differencesOf(ours: Compared, theirs: Compared): Difference[] {
  const found: Difference[] = [];
  if (ours.status !== theirs.status) {
    found.push(`status: ${ours.status} ${brief(ours.body)}, ${theirs.status} ${brief(theirs.body)}`);
    return found;
  }
  for (const name of new Set([...Object.keys(ours.headers), ...Object.keys(theirs.headers)])) {
    if (ofTransport.has(name)) continue;
    const [ourHeader, theirHeader] = [headerOf(ours, name), headerOf(theirs, name)];
    if (ourHeader !== theirHeader) found.push(`header ${name}: ${ourHeader}, ${theirHeader}`);
  }
  compareValues(parse(ours), parse(theirs), '', found);
  return found;
}

/** Headers that say how the answer came and not what it is. */
const ofTransport = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'x-docker-container-path-stat',
]);

const headerOf = (answer: Compared, name: string): string | undefined => answer.headers[name]?.toString();

/** JSON, JSON lines, or text. */
function parse({ body, headers }: Compared): unknown {
  if (!headers['content-type']?.toString().startsWith('application/json')) return body;
  try {
    return JSON.parse(body);
  } catch {
    const lines = body.split('\n').filter((line) => line.trim() !== '');
    try {
      return lines.map((line): unknown => JSON.parse(line));
    } catch {
      return body;
    }
  }
}

function compareValues(ours: unknown, theirs: unknown, path: string, found: Difference[]): void {
  if (kindOf(ours) !== kindOf(theirs)) {
    found.push(`${path}: ${brief(ours)}, ${brief(theirs)}`);
  } else if (Array.isArray(ours) && Array.isArray(theirs)) {
    if (ours.length !== theirs.length) found.push(`${path}: ${brief(ours)}, ${brief(theirs)}`);
    const both = Math.min(ours.length, theirs.length);
    const [ourRows, theirRows] = [sorted(ours), sorted(theirs)];
    for (let at = 0; at < both; at++) compareValues(ourRows[at], theirRows[at], `${path}[]`, found);
  } else if (isRecord(ours) && isRecord(theirs)) {
    compareRecords(ours, theirs, path, found);
  } else if (normal(ours) !== normal(theirs)) {
    found.push(`${path}: ${brief(ours)}, ${brief(theirs)}`);
  }
}

/** Rows whose order says nothing: Docker takes them from a map. */
function sorted(rows: readonly unknown[]): readonly unknown[] {
  const key = (row: unknown): string =>
    typeof row === 'string'
      ? String(normal(row))
      : isRecord(row)
        ? String(row['Destination'] ?? row['Path'] ?? row['Mountpoint'] ?? '')
        : '';
  return rows.toSorted((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));
}

function compareRecords(
  ours: Readonly<Record<string, unknown>>,
  theirs: Readonly<Record<string, unknown>>,
  path: string,
  found: Difference[],
): void {
  const ourFields = new Map(Object.entries(ours).map(([name, value]) => [String(normal(name)), value]));
  const theirFields = new Map(Object.entries(theirs).map(([name, value]) => [String(normal(name)), value]));
  for (const [name, value] of theirFields) {
    if (ourFields.has(name)) compareValues(ourFields.get(name), value, `${path}.${name}`, found);
    else found.push(`${path}.${name}: absent, ${brief(value)}`);
  }
  for (const [name, value] of ourFields) {
    if (!theirFields.has(name)) found.push(`${path}.${name}: ${brief(value)}, absent`);
  }
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const since2020Seconds = 1_577_836_800;

/** Without what is another one on every machine and in every run: ids, times, addresses. */
function normal(value: unknown): unknown {
  if (typeof value === 'number') return value > since2020Seconds ? 'moment' : value;
  if (typeof value !== 'string') return value;
  return value
    .replace(/[0-9a-f]{64}/g, 'ID')
    .replace(/\b[0-9a-f]{12}\b/g, 'SHORT')
    .replace(/\b20\d\d-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replace(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'MAC')
    .replace(/\b(10|172|192)\.\d+\.\d+\.\d+\b/g, 'ADDRESS')
    .replace(/\/tmp\/wharf-[\w-]+\/(root|run)|\/work\/root|\/run\/docker/g, 'ROOT')
    .replace(/\b(Less than a second|About a minute|\d+ (second|minute)s?)\b/g, 'AGE')
    .trimEnd();
}

function brief(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

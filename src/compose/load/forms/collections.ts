// Forms of collections that may be a mapping, a list or one word: environments, hosts, commands, names.
import { isMap, type Json, type JsonMap, textOf } from '#compose/json.ts';
import { type Form, inside, placed, wrong } from '#compose/load/forms/form.ts';
import { splitWords } from '#compose/load/words.ts';

/** `[A=1, B]` or `{A: 1, B: }` → `{A: "1", B: null}`: null is for the environment to say. */
export const environment: Form = (value) => mapping(value, null);

/** `[a=1, b]` or `{a: 1, b: }` → `{a: "1", b: ""}` */
export const labels: Form = (value) => mapping(value, '');

function mapping(value: Json, absent: Json): JsonMap {
  const long: JsonMap = {};
  if (isMap(value)) {
    for (const [key, one] of Object.entries(value)) long[key] = one === null ? absent : textOf(one);
    return long;
  }
  for (const entry of Array.isArray(value) ? value : []) {
    const pair = textOf(entry);
    const equals = pair.indexOf('=');
    if (equals < 0) long[pair] = absent;
    else long[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return long;
}

/** A mapping of the user's own keys to texts. */
export const options: Form = (value) => mapping(value, '');

/** A command: a line is split into words as a shell would; a list stays as it is. */
export const command: Form = (value, where) => {
  if (typeof value === 'string') return placed(where, () => splitWords(value));
  return Array.isArray(value) ? value.map(textOf) : value;
};

/** A health test: a line is for the shell, a list starts with NONE, CMD or CMD-SHELL. */
export const healthTest: Form = (value, where) => {
  if (typeof value === 'string') return ['CMD-SHELL', value];
  const words = Array.isArray(value) ? value.map(textOf) : [];
  if (words.length > 0 && !['NONE', 'CMD', 'CMD-SHELL'].includes(words[0] ?? '')) {
    throw wrong(where, 'the first item must be NONE, CMD or CMD-SHELL', 'or write the test as one line');
  }
  return words;
};

/** `[host:ip, host=ip]` or `{host: ip | [ip]}` → `[host=ip]`, in order. */
export const extraHosts: Form = (value, where) => {
  const entries = isMap(value)
    ? Object.entries(value).flatMap(([host, ips]) =>
        (Array.isArray(ips) ? ips : [ips]).map((ip) => `${host}=${textOf(ip)}`),
      )
    : (Array.isArray(value) ? value : []).map(textOf);
  return entries
    .map((entry, at) => {
      const match = /^([^=:\s]+)[=:](.+)$/.exec(entry);
      if (match === null)
        throw wrong(inside(where, at), `bad host name '${entry}'`, 'an entry looks like name=10.0.0.1');
      return `${match[1]}=${(match[2] ?? '').replace(/^\[(.*)\]$/, '$1')}`;
    })
    .sort();
};

/** `[front]` or `{front: {…}}` → `{front: null | {…}}` */
export function namedEntries(form: Form): Form {
  return (value, where) => {
    const long: JsonMap = {};
    if (isMap(value)) {
      for (const [name, one] of Object.entries(value)) {
        long[name] = one === null ? null : (form(one, inside(where, name)) ?? null);
      }
    } else for (const name of Array.isArray(value) ? value : []) long[textOf(name)] = null;
    return long;
  };
}

/** `[db]` or `{db: {condition}}` → every entry with its condition and whether it is required. */
export const dependsOn: Form = (value) => {
  const long: JsonMap = {};
  if (!isMap(value)) {
    for (const name of Array.isArray(value) ? value : []) {
      long[textOf(name)] = { condition: 'service_started', required: true };
    }
    return long;
  }
  for (const [name, one] of Object.entries(value)) {
    const said = isMap(one) ? one : {};
    long[name] = { condition: 'service_started', ...said, required: said['required'] ?? true };
  }
  return long;
};

/** `nofile: 1024` stays one number, `{soft, hard}` stay two. */
export const stringList: Form = (value) => (Array.isArray(value) ? value : [value]).map(textOf);

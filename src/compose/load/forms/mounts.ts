// Forms of what is mounted: volumes, secrets, configs, devices.
import { posix } from 'node:path';
import { compact, isMap, type Json, type JsonMap, textOf } from '#compose/json.ts';
import { labels } from '#compose/load/forms/collections.ts';
import { absolutePath, attributes, type Form, inside, type Where, wrong } from '#compose/load/forms/form.ts';
import { bytes, fileMode, flag, modeNumber, text } from '#compose/load/forms/scalars.ts';

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const hint = 'a volume looks like ./folder:/in/container, name:/in/container:ro or /in/container';

/** The volumes of a service: `./data:/data:ro` and the long mapping. */
export const volumes: Form = (value, where) =>
  (Array.isArray(value) ? value : []).map((entry, at) => volumeForm(entry, inside(where, at)));

function volumeForm(entry: Json, where: Where): Json {
  return isMap(entry) ? longVolume(entry, where) : shortVolume(textOf(entry), where);
}

function shortVolume(spec: string, where: Where): JsonMap {
  const parts = spec.split(':');
  const [first = '', second, modes = ''] = parts;
  if (spec.trim() === '') throw wrong(where, 'invalid empty volume spec', hint);
  if (parts.length > 3 || parts.slice(0, 2).includes(''))
    throw wrong(where, `invalid spec: ${spec}: empty section between colons`, hint);
  if (second === undefined) return { type: 'volume', target: cleanTarget(first), volume: {} };
  const options = modes === '' ? [] : modes.split(',');
  const base = { target: cleanTarget(second), ...(options.includes('ro') ? { read_only: true } : {}) };
  if (!/^[./~]/.test(first)) {
    return {
      type: 'volume',
      source: first,
      ...base,
      volume: options.includes('nocopy') ? { nocopy: true } : {},
    };
  }
  const bind = compact({
    create_host_path: true,
    selinux: options.find((option) => option === 'z' || option === 'Z'),
    propagation: options.find((option) => propagations.includes(option)),
  });
  return { type: 'bind', source: absolutePath(first, where.directory), ...base, bind };
}

function cleanTarget(target: string): string {
  const clean = posix.normalize(target);
  return clean.length > 1 ? clean.replace(/\/$/, '') : clean;
}

const longParts = attributes({
  target: (value) => cleanTarget(textOf(value)),
  read_only: flag,
  bind: attributes({ create_host_path: flag }),
  volume: attributes({ nocopy: flag, labels }),
  tmpfs: attributes({ size: bytes, mode: modeNumber }),
});

function longVolume(entry: JsonMap, where: Where): Json {
  const long = longParts(entry, where);
  if (!isMap(long)) return long ?? null;
  const { type, source, target, read_only, ...rest } = long;
  if (target === undefined && type !== 'tmpfs') throw wrong(where, 'missing a mount target', hint);
  if (type === 'bind' && source === undefined) throw wrong(where, 'a bind mount needs a source', hint);
  const resolved =
    type === 'bind' && source !== undefined ? absolutePath(textOf(source), where.directory) : source;
  return {
    ...compact({ type, source: resolved, target }),
    ...(read_only === true ? { read_only } : {}),
    ...rest,
  };
}

const grantParts = attributes({ uid: text, gid: text, mode: fileMode });

/** Grants of secrets: `name` → source and target below /run/secrets. */
export const secretGrants: Form = (value, where) =>
  grants(value, where).map((grant) => ({ target: `/run/secrets/${textOf(grant['source'])}`, ...grant }));

/** Grants of configs: `name` → source. */
export const configGrants: Form = (value, where) => grants(value, where);

function grants(value: Json, where: Where): JsonMap[] {
  return (Array.isArray(value) ? value : []).map((entry, at) => {
    const grant = isMap(entry) ? grantParts(entry, inside(where, at)) : { source: textOf(entry) };
    if (!isMap(grant) || grant['source'] === undefined) throw wrong(inside(where, at), 'missing source');
    return grant;
  });
}

/** Devices: `/dev/a:/dev/b:rw` → source, target, permissions. */
export const devices: Form = (value, where) =>
  (Array.isArray(value) ? value : []).map((entry, at): JsonMap => {
    if (isMap(entry)) {
      return {
        ...entry,
        target: entry['target'] ?? entry['source'] ?? '',
        permissions: entry['permissions'] ?? 'rwm',
      };
    }
    const spec = textOf(entry);
    const parts = /^[^/].*=/.test(spec) ? [spec] : spec.split(':');
    const [source = '', target = source, permissions = 'rwm'] = parts;
    if (parts.length > 3)
      throw wrong(inside(where, at), `confusing device mapping, please use long syntax: ${spec}`);
    return { source, target, permissions };
  });

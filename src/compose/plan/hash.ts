// What makes two configurations of a service, network or volume the same.
import { isMap, type Json, type JsonMap, sorted } from '#compose/json.ts';
import type { ProjectNetwork, ProjectVolume, Service } from '#compose/model.ts';

/** What changes without the container having to change: how it is built, pulled, counted and ordered. */
const apart = new Set(['build', 'pull_policy', 'scale', 'depends_on', 'profiles', 'develop', 'attach']);

/** The data of a service that its containers are made of, with keys in order. */
export function madeFrom(service: Service): JsonMap {
  const plain: Json = JSON.parse(JSON.stringify(service));
  const data: JsonMap = {};
  for (const [key, value] of Object.entries(isMap(plain) ? plain : {}))
    if (!apart.has(key)) data[key] = value;
  const { deploy } = data;
  if (isMap(deploy)) {
    const { replicas: _, ...rest } = deploy;
    if (Object.keys(rest).length === 0) delete data['deploy'];
    else data['deploy'] = rest;
  }
  const ordered = sorted(data);
  return isMap(ordered) ? ordered : {};
}

/** 64 hex digits; the same for services whose containers would be the same. */
export function serviceHash(service: Service): string {
  return hashOf(madeFrom(service));
}

/** The hash of a network's or volume's own attributes; labels and name do not count. */
export function thingHash(thing: ProjectNetwork | ProjectVolume): string {
  return hashOf(thingData(thing));
}

/** What is hashed of it, as JSON with keys in order. */
export function thingMade(thing: ProjectNetwork | ProjectVolume): string {
  return JSON.stringify(sorted(thingData(thing)));
}

/** Whether it is made from these attributes. What was made by us tells them; the hash tells it of all others. */
export function isMadeFrom(
  { made, configHash }: { made?: string; configHash?: string },
  thing: ProjectNetwork | ProjectVolume,
): boolean {
  return made === thingMade(thing) || configHash === undefined || configHash === thingHash(thing);
}

function thingData(thing: ProjectNetwork | ProjectVolume): Json {
  const { name: _, labels: __, ...rest } = thing;
  const plain: Json = JSON.parse(JSON.stringify(rest));
  return plain;
}

function hashOf(data: Json): string {
  // Loaded where a hash is wanted: it is a good part of the start of commands that want none.
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(sorted(data)));
}

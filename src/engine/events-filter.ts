// Which events a filter of `GET /events` lets through.
import type { EngineEvent } from '#shared/contract/event.ts';
import { type Filters, matchLabel } from '#shared/notation/filter.ts';

const typeKeys = ['container', 'image', 'network', 'volume', 'daemon', 'builder'] as const;
/** What there are events of in a swarm or with plugins only. */
const absentKeys = ['plugin', 'node', 'service', 'secret', 'config'];

/** True where the event has one of the wanted values of every key; labels must all be there. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  for (const [key, wanted] of filters) {
    if (wanted.length > 0 && !matchesKey(event, key, wanted)) return false;
  }
  return true;
}

function matchesKey(event: EngineEvent, key: string, wanted: readonly string[]): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  switch (key) {
    case 'type':
      return wanted.includes(event.Type);
    case 'scope':
      return wanted.includes(event.scope);
    case 'event':
      // `exec_create: sh -c …` answers to `exec_create` too.
      return wanted.some((action) => action === event.Action || event.Action.startsWith(`${action}:`));
    case 'label':
      return matchLabel(attributes, wanted);
    case 'image':
      return wanted.some((name) => isImage(event, name));
    default:
      if (absentKeys.includes(key)) return false;
      if (!typeKeys.some((type) => type === key)) return true;
      return event.Type === key && wanted.some((name) => names(name, id, attributes['name']));
  }
}

function names(wanted: string, id: string, name: string | undefined): boolean {
  return wanted === id || wanted === name || (wanted.length >= 4 && id.startsWith(wanted));
}

function isImage(event: EngineEvent, wanted: string): boolean {
  const name = event.Type === 'image' ? event.Actor.Attributes['name'] : event.Actor.Attributes['image'];
  const known = [event.Type === 'image' ? event.Actor.ID : undefined, name];
  return known.some((text) => text === wanted || text?.split(':', 1)[0] === wanted);
}

// Links, as containers ask for them: `other:alias`, or `other`, which is its own alias.
import type { EndpointSettings } from '#shared/contract/network.ts';
import type { ContainerRecord } from '../record/record.ts';

export interface Link {
  /** A container's name, its id, or the beginning of that. */
  target: string;
  alias: string;
}

/** Docker's older form `/other:/parent/alias` is read too. */
export function parseLink(text: string): Link {
  const [name = '', alias = name] = text.split(':');
  const target = name.replace(/^\//, '');
  return { target, alias: alias.split('/').at(-1) ?? alias };
}

type Linking = Pick<ContainerRecord, 'hostConfig' | 'endpoints'>;

/** The same with links to `to` in place of links to `from`, under the same aliases; undefined where none changes. */
export function withRenamedLinks(record: Linking, from: string, to: string): Linking | undefined {
  let changed = false;
  const renamed = (links: string[] | null | undefined): string[] =>
    (links ?? []).map((text) => {
      const { target, alias } = parseLink(text);
      if (target !== from) return text;
      changed = true;
      return `${to}:${alias}`;
    });
  const has = (links: string[] | null | undefined): boolean => (links ?? []).length > 0;
  const endpoints: ContainerRecord['endpoints'] = {};
  for (const [name, endpoint] of Object.entries(record.endpoints)) endpoints[name] = renamedIn(endpoint);
  const { hostConfig } = record;
  const after = has(hostConfig.Links) ? { ...hostConfig, Links: renamed(hostConfig.Links) } : hostConfig;
  return changed ? { hostConfig: after, endpoints } : undefined;

  function renamedIn(endpoint: EndpointSettings | null): EndpointSettings | null {
    return has(endpoint?.Links) ? { ...endpoint, Links: renamed(endpoint?.Links) } : endpoint;
  }
}

// In which order the containers that restart policies want up are started when an engine starts. Pure.
import type { ContainerRecord } from './record.ts';

type OrderView = Pick<ContainerRecord, 'id' | 'name' | 'config' | 'hostConfig'>;

const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  dependsOn: 'com.docker.compose.depends_on',
};

/**
 * By id, those of the given containers that are started before it: the ones whose namespaces it shares, and those of
 * the services that its Compose labels name. In a circle one of the edges is left out, so that each can be started.
 */
export function bootOrder(records: readonly OrderView[]): Map<string, string[]> {
  const order = new Map<string, string[]>();
  const visiting = new Set<string>();
  const visit = (record: OrderView): void => {
    if (order.has(record.id) || visiting.has(record.id)) return;
    visiting.add(record.id);
    const needed: string[] = [];
    for (const other of records) {
      if (other.id === record.id || !needs(record, other)) continue;
      visit(other);
      if (order.has(other.id)) needed.push(other.id);
    }
    visiting.delete(record.id);
    order.set(record.id, needed);
  };
  for (const record of records) visit(record);
  return order;
}

function needs(record: OrderView, other: OrderView): boolean {
  const { NetworkMode, PidMode, IpcMode } = record.hostConfig;
  const shared = [NetworkMode, PidMode, IpcMode].flatMap((mode) =>
    mode?.startsWith('container:') ? [mode.slice('container:'.length)] : [],
  );
  if (shared.some((ref) => ref === other.id || ref === other.name)) return true;
  return conditionOn(record, other) !== undefined;
}

/** Whether the one may start only once the other is healthy, as its Compose labels say. */
export function wantsHealthy(record: OrderView, other: OrderView): boolean {
  return conditionOn(record, other) === 'service_healthy';
}

function conditionOn(record: OrderView, other: OrderView): string | undefined {
  const own = record.config.Labels ?? {};
  const theirs = other.config.Labels ?? {};
  const project = own[label.project];
  if (project === undefined || theirs[label.project] !== project) return undefined;
  // `db:service_healthy:false,cache:service_started:true`; older tools wrote names alone.
  const named = (own[label.dependsOn] ?? '').split(',').map((entry) => entry.split(':'));
  const found = named.find(([service]) => service === theirs[label.service]);
  return found === undefined ? undefined : (found[1] ?? 'service_started');
}

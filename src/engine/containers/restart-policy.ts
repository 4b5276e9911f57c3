// When a restart policy starts an ended container again. Pure.
import type { ContainerRecord } from './record/record.ts';

const firstBackOffMs = 100;
const longestBackOffMs = 60_000;
/** A run this long was a good one: the back-off begins anew. */
const goodRunMs = 10_000;

type PolicyView = Pick<ContainerRecord, 'hostConfig' | 'stopRequested' | 'restartCount'>;

/** How long to wait before the next try; undefined: the container stays down. */
export function nextTry(
  record: PolicyView,
  exitCode: number,
  run: { ranMs: number; backOffMs: number },
): number | undefined {
  if (record.stopRequested || !policyWants(record, exitCode)) return undefined;
  if (run.backOffMs === 0 || run.ranMs >= goodRunMs) return firstBackOffMs;
  return Math.min(run.backOffMs * 2, longestBackOffMs);
}

function policyWants(record: PolicyView, exitCode: number): boolean {
  const { Name: name, MaximumRetryCount: most = 0 } = record.hostConfig.RestartPolicy ?? { Name: 'no' };
  if (name === 'always' || name === 'unless-stopped') return true;
  return name === 'on-failure' && exitCode !== 0 && (most === 0 || record.restartCount < most);
}

/** Whether an engine that starts brings up a container that is down: `always` forgets that it was stopped. */
export function wantedAtBoot(record: PolicyView, exitCode: number): boolean {
  if (record.hostConfig.RestartPolicy?.Name === 'always') return true;
  return !record.stopRequested && policyWants(record, exitCode);
}

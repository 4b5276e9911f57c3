// The kernel's tables of neighbours' link addresses, one for IPv4 and one for IPv6, which the host and all network
// namespaces share. Distributions leave them at 1,024 entries: some 500 containers that have spoken to their gateway, or
// 33 that have all spoken to each other, fill one, and whoever starts then reaches nobody for seconds.
import { readSysctl, writeSysctl } from './sysctl.ts';

/** Entries below which none is taken away; above which, those unused for five seconds; and most of all (arp(7)). */
export type Thresholds = readonly [least: number, soft: number, most: number];

/** Where each could have spoken to each, a quarter of what distributions leave. */
const fewEndpoints = 16;
/** Some 20 MB of the kernel's memory where they are used up. */
const roomy: Thresholds = [8_192, 49_152, 65_536];
const families = ['ipv4', 'ipv6'] as const;

/** What the thresholds are to be beside so many endpoints; undefined: as they are. None becomes smaller. */
export function thresholdsFor(endpoints: number, now: Thresholds): Thresholds | undefined {
  if (endpoints <= fewEndpoints || roomy.every((wanted, at) => wanted <= (now[at] ?? 0))) return undefined;
  const [least, soft, most] = roomy;
  return [Math.max(least, now[0]), Math.max(soft, now[1]), Math.max(most, now[2])];
}

/**
 * Afterwards so many endpoints find their neighbours, where the host's settings can be written. Changes nothing in a network namespace other than the host's first,
 * where the kernel does not show these settings. About 0.1 ms; nothing for few endpoints.
 */
export function ensureNeighbourTables(endpoints: number): void {
  if (endpoints <= fewEndpoints) return;
  for (const family of families) {
    const keys = [1, 2, 3].map((each) => `net.${family}.neigh.default.gc_thresh${each}`);
    const [least, soft, most] = keys.map((key) => readSysctl(key));
    if (least === undefined || soft === undefined || most === undefined) continue;
    const wanted = thresholdsFor(endpoints, [Number(least), Number(soft), Number(most)]);
    // The greatest first: at no moment is one above the next.
    for (const [at, key] of [...keys.entries()].reverse()) {
      const value = wanted?.[at];
      if (value !== undefined) tryWrite(key, value);
    }
  }
}

function tryWrite(key: string, value: number): void {
  try {
    writeSysctl(key, value);
  } catch {
    // Where an engine may not write them (in a container), containers start all the same.
  }
}

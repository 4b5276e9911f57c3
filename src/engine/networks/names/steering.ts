// Which of several name servers of a network is asked: the firewall leads questions to the gateway's port 53 elsewhere.

/** All to the standby, or spread evenly over so many servers. */
export type Way = 'aside' | number;

export interface Steered {
  gateways: readonly string[];
  way: Way;
}

const firstPauseMs = 5_000;
const longestPauseMs = 3_600_000;

/** What is steered now. A network that is not is answered by the server at port 53. */
export class Steering {
  #apply: (before: Steered[], after: Steered[]) => Promise<void>;
  #ways = new Map<string, Steered>();
  #shutUntilMs = 0;
  #pauseMs = firstPauseMs;

  /** `apply` changes the firewall's rules in one transaction. */
  constructor(apply: (before: Steered[], after: Steered[]) => Promise<void>) {
    this.#apply = apply;
  }

  get current(): Steered[] {
    return [...this.#ways.values()];
  }

  wayOf(networkId: string): Way | undefined {
    return this.#ways.get(networkId)?.way;
  }

  /** Whether containers are thought to reach other ports than 53: the host's own firewall may be against it. */
  get isOpen(): boolean {
    return performance.now() >= this.#shutUntilMs;
  }

  /** A container did not reach another port; nothing is tried again for a while. */
  shut(): void {
    this.#shutUntilMs = performance.now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 4, longestPauseMs);
  }

  /** Somebody changed the host's firewall: it may be tried again. */
  open(): void {
    this.#shutUntilMs = 0;
    this.#pauseMs = firstPauseMs;
  }

  /** Afterwards questions to these networks go their ways; undefined: to port 53. */
  async set(changes: ReadonlyMap<string, Steered | undefined>): Promise<void> {
    const before: Steered[] = [];
    const after: Steered[] = [];
    for (const [id, next] of changes) {
      const last = this.#ways.get(id);
      if (last?.way === next?.way) continue;
      if (last !== undefined) before.push(last);
      if (next !== undefined) after.push(next);
      if (next === undefined) this.#ways.delete(id);
      else this.#ways.set(id, next);
    }
    if (before.length + after.length > 0) await this.#apply(before, after);
  }
}

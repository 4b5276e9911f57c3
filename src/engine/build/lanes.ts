// Output of stages that run at the same time, told one after the other as the classic builder does.
import type { ProgressLine } from '#shared/contract/image.ts';

/** One stage's output. */
export interface Lane {
  tell(line: ProgressLine): void;
  /** Nothing more comes; the next lane may speak. */
  end(): void;
}

/**
 * Lanes speak in the order they were opened: the first that has not ended is heard at once, what later ones say waits
 * for their turn. `flush` tells what still waits.
 */
export class Lanes {
  #tell: (line: ProgressLine) => void;
  #open: { waiting: ProgressLine[]; ended: boolean }[] = [];

  constructor(tell: (line: ProgressLine) => void) {
    this.#tell = tell;
  }

  open(): Lane {
    const lane = { waiting: [] as ProgressLine[], ended: false };
    this.#open.push(lane);
    return {
      tell: (line) => {
        if (this.#open[0] === lane) this.#tell(line);
        else lane.waiting.push(line);
      },
      end: () => {
        lane.ended = true;
        this.#advance();
      },
    };
  }

  #advance(): void {
    while (this.#open[0]?.ended === true) {
      this.#open.shift();
      for (const line of this.#open[0]?.waiting.splice(0) ?? []) this.#tell(line);
    }
  }
}

// The keys that leave a container running and end the attachment (`ctrl-p,ctrl-q`).
import { invalid } from '#shared/errors.ts';

const defaultKeys = Uint8Array.of(16, 17);
const controls = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** The bytes of `a`, `ctrl-a` and so on, separated by commas; Docker's default for an empty text. */
export function parseDetachKeys(text: string | undefined): Uint8Array {
  if (text === undefined || text === '') return defaultKeys;
  return Uint8Array.from(text.split(','), (key) => keyByte(key, text));
}

function keyByte(key: string, all: string): number {
  if (key.length === 1) return key.charCodeAt(0);
  const control = key.startsWith('ctrl-') ? controls.indexOf(key.slice(5)) : -1;
  if (control < 0 || key.length !== 6) {
    throw invalid(`Invalid detach keys (${all.slice(0, 100)}) provided`, {
      hint: `'${key.slice(0, 100)}' is no key: a letter, or ctrl- and a letter or one of @ [ \\ ] ^ _`,
    });
  }
  return control;
}

/** Watches what is typed for the detach keys. Bytes that may begin them are held back until it is clear. */
export class DetachWatch {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What goes on to the container, and whether the keys were typed. */
  push(typed: Buffer): { pass: Buffer; detached: boolean } {
    if (this.#matched === 0 && !typed.includes(this.#keys[0] ?? 0)) return { pass: typed, detached: false };
    const pass: number[] = [];
    for (const byte of typed) {
      if (byte !== this.#keys[this.#matched]) {
        pass.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) this.#matched++;
      else pass.push(byte);
      if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), detached: true };
    }
    return { pass: Buffer.from(pass), detached: false };
  }
}

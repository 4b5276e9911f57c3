// Detach keys: `ctrl-p,ctrl-q` as bytes, and finding them in what is typed.
import { invalid } from '#shared/errors.ts';

const controls: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** The bytes of a key sequence. Throws `invalid`. */
export function parseDetachKeys(text: string): number[] {
  return text.split(',').map((key) => {
    if ([...key].length === 1) return key.codePointAt(0) ?? 0;
    const letter = /^ctrl-(.)$/.exec(key)?.[1] ?? '';
    if (/[a-z]/.test(letter)) return letter.charCodeAt(0) - 96;
    const control = Object.hasOwn(controls, letter) ? controls[letter] : undefined;
    if (control !== undefined) return control;
    throw invalid(`invalid detach keys (${text.slice(0, 100)}): unknown character: '${key}'`, {
      hint: 'keys look like ctrl-p,ctrl-q',
    });
  });
}

/** Passes bytes on until the key sequence comes. A part of it that may still become it is held back. */
export class DetachScanner {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  scan(chunk: Buffer): { pass: Buffer; detached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detached: false };
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        pass.push(...this.#keys.slice(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) pass.push(byte);
      else {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), detached: true };
      }
    }
    return { pass: Buffer.from(pass), detached: false };
  }
}

// The one place that binds C functions (koffi): a checked call, and the error every failed call throws.
import { constants as osConstants } from 'node:os';
import koffi from 'koffi';

/** A system call that failed; `code` is the errno's name (`EBUSY`), `errno` its positive number. */
export class SyscallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail: string) {
    const code = errnoNames.get(errno) ?? `E${errno}`;
    super(`${syscall}${detail === '' ? '' : ` ${detail}`}: ${code}`);
    this.name = 'SyscallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

const errnoNames = new Map<number, string>();
for (const [name, number] of Object.entries(osConstants.errno)) {
  if (!errnoNames.has(number)) errnoNames.set(number, name);
}
errnoNames.set(osConstants.errno.EOPNOTSUPP, 'EOPNOTSUPP');
errnoNames.set(osConstants.errno.EAGAIN, 'EAGAIN');

export type Argument = string | number | bigint | Uint8Array | null | (string | null)[];
interface Bound {
  (...args: Argument[]): number | bigint;
  async(...args: [...Argument[], (thrown: Error | null, value: number | bigint) => void]): void;
}
export type Call = (...args: Argument[]) => number;

const self = koffi.load(null);

/**
 * Binds a C function of the running program's libc. The returned call gives the function's result, and throws
 * SyscallError where that is -1; the message names the string arguments.
 */
export function bind(name: string, result: string, parameters: string[], label = name): Call {
  let bound: Bound | undefined;
  return (...args) => {
    bound ??= self.func(name, result, parameters) as Bound;
    const value = Number(bound(...args));
    if (value !== -1) return value;
    const texts = args.filter((argument) => typeof argument === 'string');
    throw new SyscallError(label, koffi.errno(), texts.join(' '));
  };
}

/** As `bind`, on a thread of Node's pool, for calls that may take long. Gives the result as it is, -1 too. */
export function bindOnPool(
  name: string,
  result: string,
  parameters: string[],
): (...args: Argument[]) => Promise<number> {
  let bound: Bound | undefined;
  return (...args) =>
    new Promise((resolve, reject) => {
      bound ??= self.func(name, result, parameters) as Bound;
      const done = (thrown: Error | null, value: number | bigint): void =>
        thrown === null ? resolve(Number(value)) : reject(thrown);
      bound.async(...args, done);
    });
}

/** Binds a system call by number, for those that the libc has no function for. */
export function bindNumber(number: number, parameters: string[], label: string): Call {
  const call = bind('syscall', 'long', ['long', ...parameters], label);
  return (...args) => call(number, ...args);
}

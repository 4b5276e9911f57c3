// Starts the user's own helper programs: ssh to far engines, and the keepers of registry credentials.
import type { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { codeOf, unavailable } from '#shared/errors.ts';

// Only who starts one needs it: 4 ms of each start.
const programs = () => process.getBuiltinModule('node:child_process');

/** The program's stdin and stdout as one connection; it fails with what the program said where that ends badly. */
export function dialProgram(program: string, args: readonly string[]): Duplex {
  return new ProgramSocket(program, args);
}

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a small program to its end. Throws `unavailable` where there is none of that name. */
export function askProgram(program: string, args: readonly string[], input: string): Answer {
  const { error, status, stdout, stderr } = programs().spawnSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (error !== undefined) throw startError(program, error);
  return { code: status ?? 1, stdout, stderr };
}

function startError(program: string, cause: Error): Error {
  const why =
    codeOf(cause) === 'ENOENT' ? 'executable file not found in $PATH' : (codeOf(cause) ?? cause.message);
  return unavailable(`error starting ${program}: ${why}`, { cause });
}

/** Carries what a network socket carries; what HTTP asks of a socket beside that has no meaning here. */
class ProgramSocket extends Duplex {
  readonly #child: ChildProcess;
  readonly #name: string;
  #said = '';

  constructor(program: string, args: readonly string[]) {
    super({ allowHalfOpen: true });
    this.#name = program;
    this.#child = programs().spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.#child;
    stdout?.on('data', (chunk: Buffer) => this.push(chunk) || stdout.pause());
    stderr?.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-2000);
    });
    stdin?.on('error', () => undefined);
    this.#child.once('error', (cause) => this.destroy(startError(program, cause)));
    this.#child.once('close', (code) => this.#closed(code ?? 1));
  }

  #closed(code: number): void {
    if (code === 0 || this.destroyed) this.push(null);
    else this.destroy(unavailable(`${this.#name} ended with code ${code}: ${this.#said.trim()}`));
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (thrown?: Error | null) => void): void {
    if (this.#child.stdin?.write(chunk) === false && !this.#child.stdin.destroyed) {
      this.#child.stdin.once('drain', () => done());
    } else done();
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end(done);
  }

  override _destroy(thrown: Error | null, done: (thrown: Error | null) => void): void {
    this.#child.kill('SIGTERM');
    done(thrown);
  }

  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

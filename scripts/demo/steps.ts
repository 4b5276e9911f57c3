// What the demo does in a shell: shows each command before it runs it, so that a learner can repeat it.
import { type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';

export const checkout = join(import.meta.dirname, '../..');
const wharfProgram = join(checkout, 'bin/wharf');

export interface Ran {
  code: number;
  stdout: string;
}

/** Prints a line of explanation. */
export function tell(text: string): void {
  console.log(`\n\x1b[1m${text}\x1b[0m`);
}

/** Shows `$ wharf …`, runs it in `cwd` with its output on the terminal; ends the demo where it fails. */
export async function showWharf(args: string[], cwd = checkout): Promise<void> {
  console.log(`\n\x1b[36m$ wharf ${args.map(quoted).join(' ')}\x1b[0m`);
  const { code } = await runProgram(wharfProgram, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (code !== 0) throw new Error(`wharf ${args[0]} ended with code ${code}`);
}

/** Runs wharf without showing it, and gives what it printed. */
export function askWharf(args: string[]): Promise<Ran> {
  return runProgram(wharfProgram, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

function runProgram(program: string, args: string[], options: SpawnOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options);
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: stdout.trim() }));
  });
}

function quoted(word: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

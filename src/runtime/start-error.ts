// Why a process could not be started, in Docker's words and with the exit code a shell would give.
import { readFileSync } from 'node:fs';
import { EngineError } from '#shared/errors.ts';

/** What `docker run` ends with: the program is missing, cannot be executed, or anything else went wrong. */
export type StartExitCode = 125 | 126 | 127;

/** The container or exec session never ran. `exitCode` is what the CLI ends with. */
export class StartError extends EngineError {
  readonly exitCode: StartExitCode;

  constructor(message: string, exitCode: StartExitCode) {
    super(exitCode === 125 ? 'internal' : 'invalid', message);
    this.name = 'StartError';
    this.exitCode = exitCode;
  }
}

const where = {
  create: 'failed to create task for container: failed to create shim task: OCI runtime create failed: ',
  exec: 'OCI runtime exec failed: exec failed: ',
} as const;

/** The words of the program itself, out of a line of its log (JSON or text) or its plain stderr. */
export function runtimeWords(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const json = /^\{.*\}$/.test(line.trim()) ? /"msg":\s*"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] : undefined;
    const words = (json?.replaceAll('\\"', '"') ?? line).trim().replace(/^\d{4}-\d\d-\d\dT\S+:\s*/, '');
    return words === '' ? [] : [words];
  });
  return lines.join('; ');
}

const missing = /executable file [`"']?(.*?)[`"']? not found(?: in \$PATH)?|no such file or directory$/i;
const denied = /permission denied$|is a directory$|exec format error$|operation not permitted$/i;

/**
 * What crun or runc said, as the error that Docker's clients know. `program` is the first word of the
 * command: it names the culprit where the runtime does not.
 */
export function toStartError(step: 'create' | 'exec', said: string, program: string): StartError {
  const words = runtimeWords(said);
  const aboutProgram =
    /executable|exec|find/i.test(words) && !/chdir|mount|cgroup|setrlimit|user/i.test(words);
  const prefix = `${where[step]}runc create failed: unable to start container process: `;
  const head = step === 'create' ? prefix : `${where.exec}unable to start container process: `;
  const match = aboutProgram ? missing.exec(words) : null;
  if (match !== null) {
    const reason = program.includes('/')
      ? `stat ${program}: no such file or directory`
      : 'executable file not found in $PATH';
    return new StartError(`${head}exec: "${program}": ${reason}: unknown`, 127);
  }
  if (aboutProgram && denied.test(words)) {
    return new StartError(`${head}exec: "${program}": permission denied: unknown`, 126);
  }
  return new StartError(
    `${where[step]}${words || 'the runtime gave no reason'}: unknown`,
    step === 'exec' ? 126 : 125,
  );
}

/** The runtime's log file, whole; empty where there is none. */
export function readLogOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

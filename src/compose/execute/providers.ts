// Asks the program that provides a service. The protocol is that of Docker Compose: one JSON object a line.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readLines } from '#client/lines.ts';
import { dialProgram } from '#client/programs.ts';
import type { Provided } from '#compose/execute/provided.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ProviderStep } from '#compose/plan/steps.ts';
import { conflict, invalid } from '#shared/errors.ts';

/** Afterwards the program has ended well. Throws `conflict` with its error, `unavailable` where there is none of that name. */
export async function askProvider(session: Session, step: ProviderStep, provided?: Provided): Promise<void> {
  const { project, onStep } = session;
  const provider = project.services[step.service]?.provider;
  if (provider === undefined) return;
  const { type, options = {} } = provider;
  const verb = step.kind === 'provide' ? 'up' : 'down';
  const flags =
    verb === 'down' ? [] : Object.entries(options).flatMap(([name, value]) => wordsOf(name, value));
  const words = ['compose', `--project-name=${project.name}`, verb, ...flags, step.service];
  const told: Record<string, string> = {};
  for await (const { type: kind, message = '' } of readLines<Line>(dialProgram(programOf(type), words))) {
    if (kind === 'error') throw conflict(`service "${step.service}": ${message}`);
    if (kind === 'info') onStep?.({ step, phase: 'begun', note: message });
    if (kind === 'setenv') {
      const equals = message.indexOf('=');
      if (equals < 1) throw invalid(`service "${step.service}": ${type} sets no variable: ${message}`);
      told[message.slice(0, equals)] = message.slice(equals + 1);
    }
  }
  provided?.set(step.service, told);
}

interface Line {
  type?: string;
  message?: string;
}

function wordsOf(name: string, value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((each) => `--${name}=${String(each)}`);
}

const pluginFolders = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

/** A plugin of Docker's command line, `docker-TYPE`, else a program of that name. */
function programOf(type: string): string {
  if (type === 'compose' || type.includes('/'))
    throw invalid(`'${type}' is not a valid provider type`, { hint: 'it is the name of a program' });
  const { HOME, DOCKER_CONFIG } = process.env;
  const own = DOCKER_CONFIG ?? (HOME === undefined ? undefined : join(HOME, '.docker'));
  const folders = own === undefined ? pluginFolders : [join(own, 'cli-plugins'), ...pluginFolders];
  return folders.map((folder) => join(folder, `docker-${type}`)).find((path) => existsSync(path)) ?? type;
}

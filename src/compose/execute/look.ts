// The verbs that only look: ps and logs.
import { type OutputFrame, readOutput } from '#client/frames.ts';
import { observeContainers } from '#compose/execute/observe.ts';
import type { Session } from '#compose/execute/session.ts';
import { label } from '#compose/plan/labels.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { ContainerSummary } from '#shared/contract/container.ts';

export interface ListOptions {
  services?: readonly string[];
  /** Stopped ones too. */
  all?: boolean;
}

/** The project's containers as the engine tells them, by service and number. One-offs only with `all`. */
export async function listContainers(
  { client, project }: Session,
  options: ListOptions = {},
): Promise<ContainerSummary[]> {
  const filters = JSON.stringify({ label: [`${label.project}=${project.name}`] });
  const found = await client.containers.list({ filters, ...(options.all === true ? { all: true } : {}) });
  return found
    .filter(({ Labels }) => options.all === true || Labels[label.oneOff] !== 'True')
    .filter(
      ({ Labels }) => !options.services?.length || options.services.includes(Labels[label.service] ?? ''),
    )
    .sort((a, b) => orderKey(a).localeCompare(orderKey(b)));
}

function orderKey({ Labels }: ContainerSummary): string {
  return `${Labels[label.service]} ${(Labels[label.number] ?? '').padStart(6, '0')}`;
}

export interface LogOptions {
  services?: readonly string[];
  follow?: boolean;
  tail?: string;
  since?: string;
  until?: string;
  timestamps?: boolean;
  signal?: AbortSignal;
}

export interface LogLine {
  service: string;
  /** `web-1`, or the container's own name where it has one. */
  source: string;
  stream: OutputFrame['stream'];
  /** Without its line end. */
  text: string;
}

/** Gives every line of the project's containers to `onLine`; resolves when all have ended, which follow may never. */
export async function readLogs(
  session: Session,
  options: LogOptions,
  onLine: (line: LogLine) => void,
): Promise<void> {
  const { client, project } = session;
  const containers = (await observeContainers(client, project.name)).filter(
    ({ service, oneOff }) => !oneOff && (!options.services?.length || options.services.includes(service)),
  );
  await Promise.all(
    containers.map((container) => readContainerLogs(session, container, { ...options, onLine })),
  );
}

/** `web-1`; the container's own name where the project did not give it. */
export function sourceOf(project: string, name: string): string {
  return name.startsWith(`${project}-`) ? name.slice(project.length + 1) : name;
}

/** The same for one container. */
export async function readContainerLogs(
  { client, project }: Session,
  { id, name, service }: Pick<ObservedContainer, 'id' | 'name' | 'service'>,
  options: LogOptions & { onLine: (line: LogLine) => void },
): Promise<void> {
  const source = sourceOf(project.name, name);
  const { follow, tail, since, until, timestamps } = options;
  const query = Object.fromEntries(
    Object.entries({ follow, tail, since, until, timestamps }).filter(([, value]) => value !== undefined),
  );
  const { Config } = await client.containers.inspect(id);
  const body = await client.containers.logs(id, query, options.signal);
  await splitLines(readOutput(body, Config.Tty !== true), (stream, text) =>
    options.onLine({ service, source, stream, text }),
  );
}

/** Lines of both streams, each whole, however their bytes come. */
async function splitLines(
  frames: AsyncIterable<OutputFrame>,
  onLine: (stream: OutputFrame['stream'], text: string) => void,
): Promise<void> {
  const rest = { stdout: '', stderr: '' };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, data } of frames) {
    const lines = (rest[stream] + decoders[stream].decode(data, { stream: true })).split('\n');
    rest[stream] = lines.pop() ?? '';
    for (const line of lines) onLine(stream, line.replace(/\r$/, ''));
  }
  for (const stream of ['stdout', 'stderr'] as const) if (rest[stream] !== '') onLine(stream, rest[stream]);
}

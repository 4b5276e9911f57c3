// Whether a container is as far as a condition wants it, and what is missing where it is not.
import { readOutput } from '#client/frames.ts';
import type { Session } from '#compose/execute/session.ts';
import type { ObservedContainer } from '#compose/plan/observed.ts';
import type { ContainerInspect } from '#shared/contract/container.ts';
import { conflict, isKind } from '#shared/errors.ts';

/** Those of `depends_on`, and what `--wait` wants: healthy, or ready where nothing checks the health. */
export type Condition =
  | 'service_started'
  | 'service_healthy'
  | 'service_completed_successfully'
  | 'running_or_healthy';

const tailLines = 5;

/** What is still missing; undefined where it is there. Throws `conflict`, with the last log lines, where it never will be. */
export async function missingFor(
  session: Session,
  container: ObservedContainer,
  condition: Condition,
): Promise<string | undefined> {
  const inspected = await session.client.containers.inspect(container.id);
  const { State } = inspected;
  const isOver = State.Status === 'exited' || State.Status === 'dead';
  if (condition === 'service_completed_successfully') {
    if (!isOver) return 'it runs';
    if (State.ExitCode === 0) return undefined;
    throw await failed(
      session,
      container,
      `service "${container.service}" didn't complete successfully: exit ${State.ExitCode}`,
    );
  }
  if (isOver) {
    // Plain `depends_on` asks for a start only; what has ended was started.
    if (condition === 'service_started') return undefined;
    const what = `dependency failed to start: container ${container.name} exited (${State.ExitCode})`;
    throw await failed(session, container, what);
  }
  return missingOf(session, container, { inspected, condition });
}

async function missingOf(
  session: Session,
  container: ObservedContainer,
  { inspected: { State, Config }, condition }: { inspected: ContainerInspect; condition: Condition },
): Promise<string | undefined> {
  const health = State.Health?.Status;
  const isChecked = health !== undefined && health !== 'none';
  // A check may come minutes after the start: plain `depends_on` asks for an answer now, not for health.
  if (condition === 'service_started' || (condition === 'running_or_healthy' && !isChecked)) {
    if (!State.Running) return `it is ${State.Status}`;
    const answer = await answerOf(session, container);
    if (answer !== 'nothing to ask') return answer === 'ready' ? undefined : answer.missing;
    return condition === 'running_or_healthy' && isYoung(State.StartedAt) ? settling : undefined;
  }
  if (!isChecked && (Config.Healthcheck?.Test ?? []).length === 0) {
    throw conflict(`dependency failed to start: container ${container.name} has no healthcheck configured`);
  }
  if (health === 'healthy') return undefined;
  if (health !== 'unhealthy') return `its health is ${health ?? 'unknown'}`;
  throw await failed(
    session,
    container,
    `dependency failed to start: container ${container.name} is unhealthy`,
  );
}

/** What is missing of a service that nobody can ask, and that has just started: many a wrong one ends at once. */
export const settling = 'it has just started';
const youngMs = 500;

function isYoung(startedAt: string): boolean {
  const ageMs = Date.now() - Date.parse(startedAt);
  // The clock of a far engine may be ahead.
  return ageMs >= 0 && ageMs < youngMs;
}

/** What the engine's probes find. An engine without probes has nothing to say: what runs is ready. */
async function answerOf(
  session: Session,
  container: ObservedContainer,
): Promise<'ready' | 'nothing to ask' | { missing: string }> {
  if (session.ready === 'off') return 'nothing to ask';
  const asked = session.project.services[container.service]?.['x-ready'];
  const probes = Array.isArray(asked) ? asked.join(' ') : asked;
  try {
    const { Ready, Probes } = await session.client.containers.ready(
      container.id,
      typeof probes === 'string' ? probes : undefined,
    );
    if (Ready) return Probes.length > 0 ? 'ready' : 'nothing to ask';
    const missing = Probes.flatMap(({ Probe, Ready, Detail }) => (Ready ? [] : [`${Probe}: ${Detail}`]));
    return { missing: missing.join(', ') };
  } catch (thrown) {
    if (isKind(thrown, 'not-found')) return 'nothing to ask';
    // It has ended since it was looked at: the next look tells.
    if (isKind(thrown, 'conflict')) return { missing: 'it does not run' };
    throw thrown;
  }
}

/** An error that ends with what the container said last. */
export async function failed(session: Session, container: ObservedContainer, what: string): Promise<Error> {
  const lines = await lastLines(session, container.id).catch(() => []);
  const said = lines.map((line) => `\n  ${container.service} | ${line}`).join('');
  return conflict(`${what}${said}`, { hint: `all it said: wharf logs ${container.name}` });
}

async function lastLines({ client }: Session, id: string): Promise<string[]> {
  const { Config } = await client.containers.inspect(id);
  const body = await client.containers.logs(id, { tail: String(tailLines) });
  const pieces: Buffer[] = [];
  for await (const { data } of readOutput(body, Config.Tty !== true)) pieces.push(Buffer.from(data));
  const text = Buffer.concat(pieces).toString('utf8').trimEnd();
  return text === '' ? [] : text.split('\n').slice(-tailLines);
}

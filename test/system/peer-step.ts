// One request of the comparison with dockerd, what many of them share, and how they are sent.
import type { Answer } from './api-fixture.ts';

export interface Step {
  /** `METHOD path`; `{name}` stands for an id that an earlier step kept. */
  ask: string;
  body?: unknown;
  /** Keeps the answer's `Id` (or `ID`) under this name. */
  keep?: string;
}

export const filters = (value: object): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
export const base = { Image: 'base:1', Cmd: ['true'] };

/** What answers HTTP: an engine of the tests, or the one it is compared with. */
export interface Asked {
  ask(method: string, path: string, body?: string): Promise<Answer>;
}

/** Sends steps to one engine, with the ids that earlier ones kept. */
export class StepSender {
  readonly #engine: Asked;
  readonly #kept = new Map<string, string>();

  constructor(engine: Asked) {
    this.#engine = engine;
  }

  async send({ ask, body, keep }: Step): Promise<Answer> {
    const line = ask.replace(/\{(\w+)\}/g, (_, name: string) => this.#kept.get(name) ?? '');
    const [method = '', path = ''] = line.split(' ');
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await this.#engine.ask(method, path, sent);
    // What should have been refused must not be in the next answers.
    if (ask === 'POST /containers/create' && answer.status === 201) {
      await this.#engine.ask('DELETE', `/containers/${idIn(answer)}?v=1`);
    }
    if (keep !== undefined) this.#kept.set(keep, idIn(answer));
    return answer;
  }
}

function idIn({ body }: Answer): string {
  return (JSON.parse(body || '{}') as { Id?: string }).Id ?? '';
}

// What every verb works with: the engine, the project, and who is told what happens.
import type { Client } from '#client/client.ts';
import type { Project } from '#compose/model.ts';
import type { Step } from '#compose/plan/steps.ts';

export interface StepEvent {
  step: Step;
  phase: 'begun' | 'done' | 'failed';
  /** One line on how it goes on, for steps that take long. */
  note?: string;
  /** What the step waits for, such as `db (mysql:3306: nobody listens yet)`. */
  waits?: string;
}

export interface Session {
  client: Pick<Client, 'containers' | 'networks' | 'volumes' | 'images' | 'execs'>;
  project: Project;
  /** Builds the image of a service under this name. It is the caller's, since contexts are packed there. */
  build?: (service: string, image: string) => Promise<void>;
  /** `X-Registry-Auth` for a reference. */
  authFor?: (reference: string) => Promise<string | undefined>;
  /**
   * `auto` (so without it): a service without a health check is started when it answers, as the engine's probes or its
   * `x-ready` tell. `off`: when it runs.
   */
  ready?: 'auto' | 'off';
  /** Nothing is done: steps are only told. */
  dryRun?: boolean;
  onStep?: (event: StepEvent) => void;
  /** Told what is waited for outside of a step. */
  onWait?: (text: string) => void;
  warn?: (message: string) => void;
  signal?: AbortSignal;
}

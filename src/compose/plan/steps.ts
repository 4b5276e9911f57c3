// The steps that a plan is made of, and the plan.

interface StepBase {
  /** Unique in its plan. */
  id: string;
  /** Ids of the steps that must be done before this one. */
  after: string[];
}

/** A network that is removed is taken off every container first. */
export interface ThingStep extends StepBase {
  kind: 'create-network' | 'remove-network' | 'create-volume' | 'remove-volume' | 'remove-image';
  /** The key in the file; the name where the file does not have it. */
  key: string;
  name: string;
}

export interface ImageStep extends StepBase {
  kind: 'build' | 'pull';
  service: string;
  image: string;
}

export interface CreateStep extends StepBase {
  kind: 'create-container';
  service: string;
  number: number;
  name: string;
  configHash: string;
  /** The container whose place it takes, and whose anonymous volumes it keeps unless they are to be new. */
  replaces?: { id: string; name: string; keepVolumes: boolean };
}

export interface ContainerStep extends StepBase {
  kind: 'start-container' | 'stop-container' | 'remove-container' | 'unpause-container';
  service: string;
  name: string;
  /** Nothing for a container that an earlier step of the plan makes. */
  containerId?: string;
  /** Before it starts: what must be true of other services. */
  waitFor?: Need[];
  /** It has never run: what it gets before its first start may be missing. */
  fresh?: boolean;
}

/** What must be true of another service. */
export interface Need {
  service: string;
  condition: string;
  required: boolean;
}

/** Containers that run, one after another, before those of a service start for the first time. */
export interface PreStartStep extends StepBase {
  kind: 'pre-start';
  service: string;
  /** For people. */
  name: string;
  /** The containers that start afterwards, by name. */
  containers: string[];
  /** Run those that run once for the whole service, too: no container of it has run as the file has it now. */
  once: boolean;
  waitFor?: Need[];
}

/** The program that provides a service is asked for it, or told that it is no longer wanted. */
export interface ProviderStep extends StepBase {
  kind: 'provide' | 'dismiss';
  service: string;
  name: string;
}

export type Step = ThingStep | ImageStep | CreateStep | ContainerStep | PreStartStep | ProviderStep;

export type Verdict = 'create' | 'recreate' | 'start' | 'leave' | 'remove';

export interface ServicePlan {
  verdict: Verdict;
  /** Why, a reason a line: `environment.MYSQL_DATABASE users → shop`. */
  causes: string[];
}

export interface Plan {
  steps: Step[];
  services: Record<string, ServicePlan>;
  /** Networks and volumes, by `network app_default`. */
  things: Record<string, ServicePlan>;
  /** Containers of services that the project no longer has. */
  orphans: string[];
  warnings: string[];
}

/** A line for each service, network and volume: what happens to it and which field is the cause. */
export function formatPlan(plan: Plan): string {
  const lines = [...Object.entries(plan.things), ...Object.entries(plan.services)].map(
    ([name, { verdict, causes }]) =>
      `${name}: ${verdict}${causes.length === 0 ? '' : `: ${causes.join('; ')}`}`,
  );
  const orphans = plan.orphans.length === 0 ? [] : [`orphans: ${plan.orphans.join(', ')}`];
  return [...lines, ...orphans, ...plan.warnings.map((warning) => `warning: ${warning}`)].join('\n');
}

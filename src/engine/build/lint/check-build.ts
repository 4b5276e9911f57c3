// The checks of one build: before it where they may stop it, after it for the summary, or alone for `--check`.
import { invalid } from '#shared/errors.ts';
import type { Context } from '../context.ts';
import { DockerfileError, SyntaxProblem } from '../dockerfile/errors.ts';
import type { Dockerfile, Stage } from '../dockerfile/instruction.ts';
import { findStage, type Plan } from '../plan.ts';
import type { BuildSession } from '../session.ts';
import type { Declared } from '../variables.ts';
import { type CheckOptions, parseCheckOptions, unknownRules } from './check-options.ts';
import type { BaseFacts } from './instructions.ts';
import { lintDockerfile } from './lint.ts';
import type { Warning } from './rules.ts';
import { reportOf, summaryOf } from './show.ts';

interface Checked {
  file: Dockerfile;
  plan: Plan;
  globals: Declared;
  context: Context;
}

const optionsArgument = 'BUILDKIT_DOCKERFILE_CHECK';

export class BuildCheck {
  #session: BuildSession;
  #checked: Checked;
  #options: CheckOptions;

  constructor(session: BuildSession, checked: Checked) {
    this.#session = session;
    this.#checked = checked;
    this.#options = optionsOf(session, checked.file);
  }

  /** With `check=error=true` a finding is `invalid`, before anything was built. */
  assertClean(): void {
    if (!this.#options.error) return;
    const found = this.#find(this.#planned());
    if (found.length === 0) return;
    const names = [...new Set(found.map(({ rule }) => rule))].join(', ');
    throw invalid(`lint violation found for rules: ${names}`, { hint: this.#text(found) });
  }

  /** In short, of the stages that were built; their base images are all here by now. */
  tellSummary(): void {
    const text = summaryOf(this.#find(this.#planned()));
    if (text !== '') this.#session.request.onLine?.({ stream: text });
  }

  /** In full, of every stage, or of those that the target needs where one was named. */
  report(): { warnings: Warning[]; text: string } {
    const { file } = this.#checked;
    const { target } = this.#session.request;
    const warnings = this.#find(target ? this.#planned() : file.stages);
    const unknown = unknownRules(this.#options).map(
      (name) => `Unknown rule in the check directive: ${name}\n`,
    );
    return { warnings, text: unknown.join('') + this.#text(warnings) };
  }

  #text(warnings: readonly Warning[]): string {
    const { context } = this.#checked;
    return reportOf(context.file, context.dockerfile, warnings);
  }

  #planned(): Stage[] {
    return this.#checked.plan.vertices.map(({ stage }) => stage);
  }

  #find(stages: readonly Stage[]): Warning[] {
    const { file, context, globals } = this.#checked;
    const { request } = this.#session;
    const { tree } = context;
    return lintDockerfile({
      file,
      options: this.#options,
      stages,
      globals,
      ...(request.buildArgs === undefined ? {} : { buildArgs: request.buildArgs }),
      base: (stage) => this.#base(stage),
      // With `!` rules a folder may be left out and a file in it not.
      ...(tree.prunes ? { ignored: (path: string) => isIgnored(path, (each) => tree.excludes(each)) } : {}),
    });
  }

  #base(stage: Stage): BaseFacts | Stage | undefined {
    const { file, plan } = this.#checked;
    const vertex = plan.vertices.find((each) => each.stage.index === stage.index);
    const { image } = stage.from;
    const none: BaseFacts = { env: [], onBuild: [], hasShell: false };
    if (vertex === undefined) {
      const index = findStage(file.stages, image, stage.index);
      if (index !== undefined) return file.stages[index];
      return image === 'scratch' ? none : image.includes('$') ? undefined : this.#image(image);
    }
    const { base } = vertex;
    if (base.kind === 'stage') return file.stages[base.index];
    return base.kind === 'image' ? this.#image(base.reference) : none;
  }

  #image(reference: string): BaseFacts | undefined {
    const config = this.#session.room.images.find(reference)?.config.config;
    if (config === undefined) return undefined;
    const hasShell = (config.Shell ?? []).length > 0;
    return { env: config.Env ?? [], onBuild: config.OnBuild ?? [], hasShell };
  }
}

function isIgnored(path: string, excludes: (path: string) => boolean): boolean {
  const parts = path.split('/');
  return parts.some((_, index) => excludes(parts.slice(0, index + 1).join('/')));
}

/** The argument of the build comes before the directive of the file. */
function optionsOf(session: BuildSession, file: Dockerfile): CheckOptions {
  const given = session.request.buildArgs?.[optionsArgument];
  try {
    return parseCheckOptions(given ?? file.directives.check);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxProblem)) throw thrown;
    const expected = thrown.expected === undefined ? {} : { expected: thrown.expected };
    throw new DockerfileError(file.file, { line: 1, column: 1 }, { text: thrown.message, ...expected });
  }
}

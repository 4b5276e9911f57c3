// What `inspect` prints: a JSON list, or one template result a line.
import type { Cli } from '#cli/context.ts';
import { printError } from '#cli/failure.ts';
import { isKind } from '#shared/errors.ts';
import { compileTemplate } from '#shared/notation/template.ts';

/** Looks every name up and prints what was found, then the errors. Resolves to the exit code. */
export async function printInspected(
  cli: Cli,
  names: readonly string[],
  options: { format: string | undefined; find: (name: string) => Promise<unknown> },
): Promise<number> {
  const { format } = options;
  const show =
    format === undefined || format === 'json'
      ? undefined
      : compileTemplate(templateText(format), { strict: true });
  const found: unknown[] = [];
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      found.push(await options.find(name));
    } catch (thrown) {
      if (isKind(thrown, 'unavailable')) throw thrown;
      errors.push(thrown);
    }
  }
  if (show !== undefined) for (const each of found) cli.print(show(each));
  else cli.print(format === 'json' ? JSON.stringify(found) : JSON.stringify(found, undefined, 4));
  for (const error of errors) printError(error);
  return errors.length > 0 ? 1 : 0;
}

function templateText(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

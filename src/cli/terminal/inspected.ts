// What `inspect` prints: a JSON list, or one template result a line.
import type { Cli } from '#cli/context.ts';
import { ExitError, printError } from '#cli/failure.ts';
import { isKind } from '#shared/errors.ts';
import { goJson } from '#shared/notation/template/functions.ts';
import { compileTemplate } from '#shared/notation/template.ts';

/** Looks every name up and prints what was found, then the errors. Resolves to the exit code. */
export async function printInspected(
  cli: Cli,
  names: readonly string[],
  options: { format: string | undefined; find: (name: string) => Promise<unknown> },
): Promise<number> {
  const { format } = options;
  const show = format === undefined || format === 'json' ? undefined : compileFormat(format);
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

/** One thing: as JSON in a line, through a template, or as `page` tells it where no format was asked for. */
export function printJsonOr(cli: Cli, thing: object, format: string | undefined, page: () => string): void {
  if (format === undefined) cli.print(page());
  else if (format === 'json') cli.print(goJson(thing));
  else cli.print(compileFormat(format)(thing));
}

function compileFormat(format: string): (value: unknown) => string {
  try {
    return compileTemplate(format.replaceAll('\\t', '\t').replaceAll('\\n', '\n'), { strict: true });
  } catch (thrown) {
    // Docker's code for a template that cannot be read.
    throw new ExitError(64, thrown);
  }
}

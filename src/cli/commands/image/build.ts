// wharf build
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { cacheExportsOf } from '#cli/commands/build/caches.ts';
import { deliver, writeMetadata, writing } from '#cli/commands/build/deliver.ts';
import {
  assertFit,
  type BuildOutput,
  didYouMean,
  outputsOf,
  usesStdout,
} from '#cli/commands/build/outputs.ts';
import { type BuildView, showBuild } from '#cli/commands/image/build-output.ts';
import {
  type BuildValues,
  buildFlags,
  buildQuery,
  callOf,
  platformsOf,
} from '#cli/commands/image/build-query.ts';
import { openBuildSession } from '#cli/commands/image/build-session.ts';
import type { Cli, Output } from '#cli/context.ts';
import { ExitError } from '#cli/failure.ts';
import { type Context, openContext } from '#cli/files/context.ts';
import { type Sent, sendContext } from '#cli/files/send-context.ts';
import { defineCommand } from '#cli/grammar/command.ts';
import { registryConfig } from '#cli/terminal/credentials.ts';
import { readAll } from '#client/wire.ts';
import { invalid, messageOf, unavailable } from '#shared/errors.ts';

export const command = defineCommand({
  usage: '[flags] PATH | URL | -',
  flags: buildFlags,
  args: [1, 1],
  examples: [
    'wharf build -t app .',
    'wharf build -t app:test --build-arg VERSION=2 -f docker/Dockerfile .',
    'wharf build - < Dockerfile',
  ],
  async run({ cli, flags, args: [path = ''], words }) {
    const outputs = outputsOf(flags);
    const names = outputs.flatMap((output) => ('names' in output ? output.names : []));
    const tags = [...flags.tag, ...names];
    const query = buildQuery({ ...flags, tag: tags }, cli.env);
    const isIndex =
      platformsOf(flags.platform)?.includes(',') === true ||
      (query['provenance'] ?? query['sbom']) !== undefined;
    assertFit(outputs, isIndex);
    const caches = cacheExportsOf(flags['cache-to']);
    const asked = callOf(flags);
    const view = {
      ...viewOf(cli, flags, outputs),
      ...(asked.method === 'build' ? {} : { quiet: asked.isJson }),
    };
    const { context, more } = await contextOf(cli, path, flags.file);
    const client = await cli.client();
    const { images } = client;
    const session = await openBuildSession(client, flags, { env: cli.env, outputs });
    const config = registryConfig(cli.env);
    const given = {
      ...query,
      ...more,
      call: wordsOf(words, { path, file: flags.file }),
      ...(session === undefined ? {} : { session }),
    };
    const options = config === undefined ? {} : { registryConfig: config };
    const build = (sent: Sent) => images.build({ ...given, ...sent.query }, sent.tar, options);
    const lines =
      context !== undefined && 'index' in context
        ? await sendContext(context, { builds: client.builds, env: cli.env }, build)
        : await build({ query: {}, tar: context?.tar });
    const { id, index, warnings, answer } = await showBuild(cli, lines, view);
    if (asked.method !== 'build') {
      if (asked.isJson) cli.print(JSON.stringify(answer, null, 2));
      if (warnings > 0 && !asked.ignoresStatus) throw new ExitError(1);
      return;
    }
    const progress = flags.quiet ? silent : view.output;
    const digest = await deliver(cli, client, { session, outputs, caches, tags, progress });
    if (session !== undefined) await images.endBuildSession(session);
    const { iidfile } = flags;
    if (iidfile !== undefined && id !== undefined) writing(iidfile, () => writeFileSync(iidfile, id));
    if (flags['metadata-file'] !== undefined && id !== undefined)
      writeMetadata(flags['metadata-file'], { id, index, digest, tags });
    if (flags.quiet && id !== undefined && !usesStdout(outputs)) cli.print(id);
  },
});

const silent: Output = { write: () => true, once: () => undefined };

// More than this does not fit beside the rest of a request's first line.
const longestCall = 4000;

/** What `build resume` calls again; undefined where it cannot, as stdin was read. */
function wordsOf(
  words: readonly string[],
  from: { path: string; file: string | undefined },
): string | undefined {
  if (from.path === '-' || from.file === '-') return undefined;
  const args = words.filter((word) => !word.startsWith('--resume='));
  const call = JSON.stringify({ cwd: process.cwd(), args });
  return call.length > longestCall ? undefined : call;
}

const progressModes = ['auto', 'tty', 'plain', 'rawjson', 'quiet'];

/** How the build is shown, and where. */
function viewOf(cli: Cli, flags: BuildValues, outputs: readonly BuildOutput[]): BuildView {
  const { progress = cli.env['BUILDKIT_PROGRESS'] ?? 'auto' } = flags;
  if (!progressModes.includes(progress)) {
    throw invalid(`invalid progress mode ${progress}${didYouMean(progress, progressModes)}`, {
      hint: `modes are ${progressModes.join(', ')}`,
    });
  }
  const output = usesStdout(outputs) ? cli.stderr : cli.stdout;
  const plain = progress === 'plain' || (progress !== 'tty' && !output.isTTY);
  const isQuiet = flags.quiet || progress === 'quiet';
  return { quiet: isQuiet, plain, raw: progress === 'rawjson' && !flags.quiet, output };
}

interface Source {
  /** Absent: the engine fetches it. */
  context?: Context | { tar: Readable };
  more: Record<string, string>;
}

/** A directory, a URL for the engine to fetch, or stdin: a tar, or a Dockerfile alone. */
async function contextOf(cli: Cli, path: string, file: string | undefined): Promise<Source> {
  if (/^(?:https?|git):\/\/|^git@|^github\.com\//.test(path)) {
    return { more: { remote: path, ...(file === undefined ? {} : { dockerfile: file }) } };
  }
  if (path === '-' && file === '-')
    throw invalid('invalid argument: can’t use stdin for both build context and dockerfile');
  if (path === '-') return stdinContext(cli, file);
  const text =
    file === '-'
      ? await readAll(cli.stdin)
      : file !== undefined && /^https?:\/\//.test(file)
        ? await fetchDockerfile(file)
        : undefined;
  const context = openContext({ path, file, ...(text === undefined ? {} : { text }) });
  return { context, more: { dockerfile: context.dockerfile } };
}

async function fetchDockerfile(url: string): Promise<Buffer> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (thrown) {
    const reason = messageOf(thrown instanceof TypeError ? (thrown.cause ?? thrown) : thrown);
    throw unavailable(`failed to fetch the Dockerfile ${url}: ${reason}`, { cause: thrown });
  }
  if (!response.ok)
    throw invalid(`failed to fetch the Dockerfile ${url}: server answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function stdinContext(cli: Cli, file: string | undefined): Promise<Source> {
  const chunks: AsyncIterator<Buffer> = cli.stdin.iterator({ destroyOnReturn: false });
  const head = await headOf(chunks);
  const whole = Readable.from(continued(head, chunks));
  if (isArchive(head))
    return { context: { tar: whole }, more: file === undefined ? {} : { dockerfile: file } };
  const { packFiles } = await import('#cli/files/pack.ts');
  const content = await readAll(whole);
  return {
    context: { tar: packFiles([], { owners: false, extra: [{ name: 'Dockerfile', content }] }) },
    more: { dockerfile: 'Dockerfile' },
  };
}

/** Enough of the first bytes to tell what they are; fewer where there are no more. */
async function headOf(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  const least = 512;
  let head = Buffer.alloc(0);
  while (head.length < least) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* continued(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/** A tar, or one in gzip, bzip2, xz or zstd. */
function isArchive(head: Buffer): boolean {
  const magics = ['1f8b', '425a68', 'fd377a585a', '28b52ffd'];
  return (
    magics.some((magic) => head.toString('hex').startsWith(magic)) ||
    head.subarray(257, 262).toString() === 'ustar'
  );
}

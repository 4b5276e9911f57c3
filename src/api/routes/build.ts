// Build: a tar of the context comes in, progress goes out.

import { type Api, withRawBodies } from '#api/fastify.ts';
import { ulimit } from '#api/schemas/resources.ts';
import { streamProgress } from '#api/streams/progress.ts';
import { bodyOf } from '#api/streams/request-body.ts';
import { decodeBody } from '#api/wire/decode.ts';
import { decodeRegistryConfig } from '#api/wire/registry-auth.ts';
import {
  type Decoded,
  flag,
  list,
  mapOf,
  object,
  oneOf,
  orNull,
  type Schema,
  text,
  whole,
} from '#api/wire/schema.ts';
import type { CacheTarget } from '#engine/build/request.ts';
import type { Engine } from '#engine/open.ts';
import { invalid, messageOf } from '#shared/errors.ts';
import { parseFilters } from '#shared/notation/filter.ts';

const tags = ['Build'];

const buildQuery = object({
  dockerfile: text,
  t: list(text),
  extrahosts: text,
  remote: text,
  q: flag,
  nocache: flag,
  cachefrom: text,
  pull: text,
  rm: flag,
  forcerm: flag,
  memory: whole,
  memswap: whole,
  cpushares: whole,
  cpusetcpus: text,
  cpusetmems: text,
  cpuperiod: whole,
  cpuquota: whole,
  buildargs: text,
  shmsize: whole,
  squash: flag,
  labels: text,
  networkmode: text,
  platform: text,
  target: text,
  ulimits: text,
  securityopt: text,
  outputs: text,
  /** Ours: only look at the Dockerfile, as `--call` of the command line does. */
  method: oneOf('check', 'outline', 'targets'),
  /** Ours: an attestation of how it was built. */
  provenance: oneOf('min', 'max'),
  /** Ours: a list of its packages. */
  sbom: flag,
  /** Ours: id of a failed build whose steps are taken. */
  resume: text,
  /** Ours: how the command line was called, as JSON. */
  call: text,
  /** Ours: id of a context that was offered; no tar is sent. */
  context: text,
  /** Ours: what was given to `POST /build/session`. */
  session: text,
  version: text,
});

const buildArgs = mapOf(orNull(text));
const labelMap = mapOf(text);
const callShape = object({ cwd: text, args: list(text) });

const sessionBody = object({
  secrets: mapOf(text),
  agents: mapOf(text),
  contexts: mapOf(text),
  /** Named contexts by the id under which each was offered. */
  folders: mapOf(text),
  allow: list(text),
  noCacheStages: list(text),
  outputs: list(oneOf('image', 'files', 'archive', 'cache')),
  cacheFrom: list(text),
  cacheTo: list(object({ type: oneOf('inline', 'registry', 'local'), ref: text, mode: oneOf('min', 'max') })),
});
const ulimitList = list(ulimit);

export function buildRoutes(api: Api, engine: Engine): void {
  withRawBodies(api, (raw) => {
    buildRoute(raw, engine);
    contextRoute(raw, engine);
  });
  sessionRoutes(api, engine);
  const query = object({
    all: flag,
    filters: text,
    'keep-storage': whole,
    'reserved-space': whole,
    'max-used-space': whole,
    'min-free-space': whole,
  });
  const prune = { summary: 'Delete build cache', tags, querystring: query };
  api.post('/build/prune', { schema: prune }, async ({ query }) =>
    engine.system.pruneBuildCache(parseFilters(query.filters), {
      all: query.all ?? false,
      keepBytes: query['max-used-space'] || query['reserved-space'] || query['keep-storage'],
    }),
  );
}

/** What the classic protocol has no place for: given beforehand, used by one build. */
function sessionRoutes(api: Api, engine: Engine): void {
  const open = { summary: 'Give secrets, agents and contexts for one build', tags, body: sessionBody };
  api.post('/build/session', { schema: open }, async ({ body }) => {
    const secrets = Object.entries(body.secrets ?? {}).map(
      ([id, value]) => [id, Buffer.from(value, 'base64')] as const,
    );
    const id = engine.build.openSession({
      secrets: Object.fromEntries(secrets),
      agents: body.agents ?? {},
      contexts: contextsOf(body),
      allow: body.allow ?? [],
      noCacheStages: body.noCacheStages ?? [],
      cacheFrom: (body.cacheFrom ?? []).map((ref) => ({ type: 'registry', ref })),
      cacheTo: (body.cacheTo ?? []).map(cacheTargetOf),
      ...(body.outputs === undefined ? {} : { outputs: body.outputs }),
    });
    return { id };
  });
  const why = { summary: 'Why the steps of a build ran', tags, querystring: object({ build: text }) };
  api.get('/build/why', { schema: why }, async ({ query }) => engine.build.why(query.build));
}

type Decode<S extends Schema> = NonNullable<Decoded<S>>;

function cacheTargetOf(given: NonNullable<Decode<typeof sessionBody>['cacheTo']>[number]): CacheTarget {
  const { type, ref, mode = 'min' } = given;
  if (type === 'inline') return { type };
  if (type === 'local') return { type, mode };
  if (type !== 'registry' || !ref) throw invalid('a cache in a registry needs a ref');
  return { type, ref, mode };
}

/** Contexts that are images, are fetched, or were sent before; others come as tars. */
function contextsOf({
  contexts = {},
  folders = {},
}: Decode<typeof sessionBody>): Record<string, { image: string } | { remote: string } | { stored: string }> {
  const scheme = 'docker-image://';
  const elsewhere = Object.entries(contexts).map(([name, value]) => [
    name,
    value.startsWith(scheme) ? { image: value.slice(scheme.length) } : { remote: value },
  ]);
  const sent = Object.entries(folders).map(([name, stored]) => [name, { stored }]);
  return Object.fromEntries([...elsewhere, ...sent]);
}

function contextRoute(raw: Api, engine: Engine): void {
  const params = object({ id: text });
  const querystring = object({ name: text, kind: oneOf('files', 'image', 'cache') });
  const send = { summary: 'Send a named build context', tags, params, querystring };
  raw.post('/build/session/:id/context', { schema: send }, async ({ params, query, raw: body }, reply) => {
    const { name = '', kind = 'files' } = query;
    await engine.build.sendContext(params.id ?? '', { name, kind }, bodyOf(body));
    reply.code(204).send();
  });
  const kinds = object({ kind: oneOf('files', 'archive', 'cache') });
  const fetched = { summary: 'Fetch what a build made', tags, params, querystring: kinds };
  raw.get('/build/session/:id/output', { schema: fetched }, async ({ params, query }, reply) => {
    const tar = engine.build.fetchOutput(params.id ?? '', query.kind ?? 'files');
    return reply.type('application/x-tar').send(tar);
  });
  const ended = { summary: 'End a build session', tags, params };
  raw.delete('/build/session/:id', { schema: ended }, async ({ params }, reply) => {
    await engine.build.endSession(params.id ?? '');
    reply.code(204).send();
  });
}

function buildRoute(raw: Api, engine: Engine): void {
  const build = { summary: 'Build an image', tags, querystring: buildQuery };
  raw.post('/build', { schema: build }, async ({ query, headers, raw: body }, reply) => {
    if (query.version === '2')
      throw invalid('the BuildKit protocol is not spoken here', { hint: 'set DOCKER_BUILDKIT=0' });
    const context = query.context
      ? { stored: query.context }
      : query.remote
        ? { remote: query.remote }
        : bodyOf(body);
    const request = { ...decodeBuild(query), auth: decodeRegistryConfig(headers), context };
    await streamProgress(reply, async (onLine, signal) => {
      if (query.method === undefined) return await engine.build.run({ ...request, onLine, signal });
      const { answer, warnings } = await engine.build.call({ ...request, onLine, signal }, query.method);
      onLine({ aux: { answer, warnings } });
    });
  });
}

function decodeBuild(query: Decoded<typeof buildQuery>) {
  if (jsonParameter(list(text), 'securityopt', withoutNull(query.securityopt)).length > 0)
    throw invalid('The daemon on linux does not support setting security options on build', {
      hint: 'RUN --security=insecure is allowed by --allow security.insecure.',
    });
  return {
    dockerfile: query.dockerfile || 'Dockerfile',
    tags: (query.t ?? []).filter((tag) => tag !== ''),
    buildArgs: jsonParameter(buildArgs, 'buildargs', query.buildargs),
    labels: jsonParameter(labelMap, 'labels', query.labels),
    extraHosts: (query.extrahosts ?? '').split(',').filter((host) => host !== ''),
    ulimits: jsonParameter(ulimitList, 'ulimits', withoutNull(query.ulimits)),
    target: query.target || undefined,
    platform: query.platform || undefined,
    noCache: query.nocache ?? false,
    pull: isPull(query.pull),
    networkMode: query.networkmode || undefined,
    shmSizeBytes: query.shmsize,
    quiet: query.q ?? false,
    session: query.session || undefined,
    cacheFrom: jsonParameter(list(text), 'cachefrom', withoutNull(query.cachefrom)).map(
      (ref) => ({ type: 'registry', ref }) as const,
    ),
    provenance: query.provenance,
    sbom: query.sbom ?? false,
    resume: query.resume || undefined,
    call: query.call ? decodeCall(query.call) : undefined,
    resources: {
      Memory: query.memory,
      MemorySwap: query.memswap,
      CpuShares: query.cpushares,
      CpuPeriod: query.cpuperiod,
      CpuQuota: query.cpuquota,
      CpusetCpus: query.cpusetcpus,
      CpusetMems: query.cpusetmems,
    },
  };
}

function decodeCall(sent: string): { cwd: string; args: string[] } {
  const { cwd = '/', args = [] } = jsonParameter(callShape, 'call', sent);
  return { cwd, args };
}

/** Docker's older clients send `null` for a list without entries. */
const withoutNull = (sent: string | undefined): string => (sent && sent !== 'null' ? sent : '[]');

const isPull = (sent: string | undefined): boolean =>
  sent !== undefined && !['', '0', 'false'].includes(sent);

function jsonParameter<const S extends Schema>(
  schema: S,
  name: string,
  sent: string | undefined,
): Decoded<S> {
  let value: unknown;
  try {
    value = JSON.parse(sent || '{}');
  } catch (thrown) {
    throw invalid(`invalid JSON in query parameter ${name}: ${messageOf(thrown)}`);
  }
  return decodeBody(schema, value) as Decoded<S>;
}

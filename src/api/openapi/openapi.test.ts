// The API's page and docs/api-support.md say what the routes say, no more and no less.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { answerBodies } from '#api/answers/bodies.ts';
import { documentOf, openPath } from '#api/openapi/document.ts';
import { pageOf } from '#api/openapi/page.ts';
import { readEndpoints, readRoutes, supportOf } from '../../../scripts/docs/api-support.ts';

const routes = await readRoutes();
const document = documentOf(routes);

test('every route is in the document once, with all of its parameters', () => {
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const registered = routes.map(({ method, path }) => `${method} ${openPath(path)}`);
  assert.deepEqual(documented.sort(), registered.sort());
  for (const route of routes) {
    const operation = document.paths[openPath(route.path)]?.[route.method.toLowerCase()];
    const named = (operation?.parameters ?? []).map((one) => (one as { name: string }).name);
    const wanted = [
      ...route.params,
      ...(route.path.endsWith('*') ? ['rest'] : []),
      ...Object.keys(route.query),
    ];
    assert.deepEqual(named, wanted, `${route.method} ${route.path}`);
    assert.equal(operation?.requestBody !== undefined, route.body !== undefined || route.rawBody);
    assert.ok(operation?.summary);
  }
  const ids = Object.values(document.paths).flatMap((operations) =>
    Object.values(operations).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

/** Endpoints that Docker documents and that answer JSON. */
const jsonEndpoints = readEndpoints()
  .map(({ name }) => name)
  .filter((name) => {
    const [method = '', path = ''] = name.split(' ');
    const responses = document.paths[openPath(path)]?.[method.toLowerCase()]?.responses ?? {};
    return [responses['200'], responses['201']].some(
      (answer) => answer !== undefined && 'application/json' in ((answer as Answer).content ?? {}),
    );
  });

interface Answer {
  content?: Record<string, unknown>;
}

test('every JSON answer that Docker documents has a schema, and no schema is for nothing', () => {
  assert.deepEqual(
    jsonEndpoints.filter((name) => answerBodies[name] === undefined),
    [],
  );
  const registered = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  for (const name of Object.keys(answerBodies)) assert.ok(registered.has(name), name);
});

test('the page shows every endpoint', () => {
  const page = pageOf(document);
  for (const path of Object.keys(document.paths)) assert.ok(page.includes(`<code>${path}</code>`), path);
});

test('every endpoint and parameter that Docker documents is taken, or has its reason', () => {
  const endpoints = readEndpoints();
  assert.ok(endpoints.length > 60);
  const { text, unexplained } = supportOf(endpoints, routes);
  assert.deepEqual(unexplained, []);
  const written = readFileSync(new URL('../../../docs/api-support.md', import.meta.url), 'utf8');
  assert.equal(
    written,
    text,
    'docs/api-support.md is out of date: node scripts/docs/api-support.ts writes it',
  );
});

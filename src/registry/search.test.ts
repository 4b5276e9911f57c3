// Searching: what a host that has `/v1/search` answers, and what is said where there is none.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { isKind } from '#shared/errors.ts';
import { searchRegistry } from './search.ts';

let server: Server;
let host = '';
let asked = '';
let signed: string | undefined;

before(async () => {
  server = createServer((request, answer) => {
    asked = request.url ?? '';
    signed = request.headers.authorization;
    if (asked.includes('q=none')) answer.writeHead(404).end('page not found');
    else if (asked.includes('q=torn')) answer.end('{"results":');
    else
      answer.end(
        JSON.stringify({
          results: [
            { name: 'team/web', star_count: 3, is_official: true, x: 1 },
            5,
            { name: 'red\u001b[31m', description: 'two\r\nlines\u0007 \u202eright to left' },
          ],
        }),
      );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
after(() => void server.close());

const options = { mirrors: [], insecure: [] };

test('a registry’s own search is asked, and its rows are put in shape', async () => {
  const found = await searchRegistry({ term: `${host}/web`, limit: 7 }, options);
  assert.equal(asked, '/v1/search?q=web&n=7');
  assert.deepEqual(found[0], {
    name: 'team/web',
    description: '',
    star_count: 3,
    is_official: true,
    is_automated: false,
  });
  assert.equal(found[1]?.name, '');
  assert.equal(found[2]?.name, 'red\ufffd[31m', 'nothing steers the terminal that shows it');
  assert.equal(found[2]?.description, 'two lines\ufffd \ufffdright to left');
});

test('a mirror of the hub is asked first, without the login that is for the hub', async () => {
  const auth = { username: 'me', password: 'secret' };
  await searchRegistry({ term: 'web', limit: 1, auth }, { ...options, mirrors: [`http://${host}`] });
  assert.equal(asked, '/v1/search?q=web&n=1');
  assert.equal(signed, undefined);
  await searchRegistry({ term: `${host}/web`, limit: 1, auth }, options);
  assert.match(signed ?? '', /^Basic /);
});

test('no search and no answer are different things', async () => {
  for (const term of ['none', 'torn']) {
    await assert.rejects(searchRegistry({ term: `${host}/${term}`, limit: 1 }, options), (thrown) =>
      isKind(thrown, 'unsupported'),
    );
  }
  await assert.rejects(searchRegistry({ term: '127.0.0.1:1/x', limit: 1 }, options), (thrown) =>
    isKind(thrown, 'unavailable'),
  );
  await assert.rejects(searchRegistry({ term: ' ', limit: 1 }, options), (thrown) =>
    isKind(thrown, 'invalid'),
  );
});

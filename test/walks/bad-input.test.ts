// Every bad input gets a clear error and changes nothing.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type EngineUnderTest, startEngine } from './engine-under-test.ts';

let engine: EngineUnderTest;
before(async () => {
  engine = await startEngine();
  await engine.wharf(['pull', 'busybox']);
  await engine.wharf(['create', '--name', 'proc-copied', 'busybox', 'true']);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
});

interface Expected {
  code: number;
  says: RegExp;
}

async function refused(args: string[], expected: Expected): Promise<void> {
  const ran = await engine.wharf(args);
  assert.equal(ran.code, expected.code, `wharf ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  assert.match(ran.stdout + ran.stderr, expected.says);
  const { status } = await engine.call('GET', '/_ping');
  assert.equal(status, 200);
}

describe('on the command line', () => {
  const cases: [string, string[], Expected][] = [
    ['an unknown image', ['pull', 'no-such-image'], { code: 1, says: /no-such-image/ }],
    ['an unknown tag', ['pull', 'busybox:no-such-tag'], { code: 1, says: /no-such-tag.*not found/s }],
    ['an unknown digest', ['pull', `busybox@sha256:${'0'.repeat(64)}`], { code: 1, says: /not found/ }],
    ['an invalid reference', ['pull', 'UPPER//case'], { code: 1, says: /invalid reference format/ }],
    [
      'a registry that is down',
      ['pull', '127.0.0.1:1/x:y'],
      { code: 1, says: /connection refused|ECONNREFUSED/ },
    ],
    ['a wrong port', ['run', '-p', '70000:80', 'busybox'], { code: 125, says: /[Ii]nvalid.*Port.*70000/s }],
    ['a wrong range', ['run', '-p', '8000-8010:80-82', 'busybox'], { code: 125, says: /[Ii]nvalid.*range/s }],
    ['a wrong mount', ['run', '-v', 'relative/path:/x:what', 'busybox'], { code: 125, says: /invalid/ }],
    [
      'a mount without target',
      ['run', '--mount', 'type=bind,source=/etc', 'busybox'],
      { code: 125, says: /target/ },
    ],
    [
      'a missing bind source',
      ['run', '--mount', 'type=bind,source=/no/such,target=/x', 'busybox', 'true'],
      { code: 125, says: /bind source path does not exist: \/no\/such/ },
    ],
    [
      'a bind source in /proc, where nobody can make a folder',
      ['run', '-v', '/proc/no-such/a:/x', 'busybox', 'true'],
      {
        code: 125,
        says: /error while creating mount source path '\/proc\/no-such\/a': .*no such file or directory/,
      },
    ],
    [
      'a copy out of a container to /proc',
      ['cp', 'proc-copied:/etc', '/proc/no-such/a'],
      { code: 1, says: /\/proc\/no-such.*(no such file or directory|does not exist)/s },
    ],
    [
      'an image saved to /proc',
      ['save', '-o', '/proc/no-such/a', 'busybox'],
      { code: 1, says: /\/proc\/no-such\/a.*no such file or directory/s },
    ],
    [
      'an unknown network',
      ['run', '--network', 'nowhere', 'busybox', 'true'],
      { code: 125, says: /network nowhere not found/ },
    ],
    [
      'an unknown user',
      ['run', '--rm', '-u', 'nobody-like-that', 'busybox', 'true'],
      { code: 125, says: /unable to find user nobody-like-that/ },
    ],
    [
      'too little memory',
      ['run', '-m', '1m', 'busybox', 'true'],
      { code: 125, says: /[Mm]inimum memory limit/ },
    ],
    ['an unknown container', ['stop', 'nobody'], { code: 1, says: /No such container: nobody/ }],
    ['an unknown volume', ['volume', 'rm', 'none-such'], { code: 1, says: /no such volume/ }],
    ['a mistyped command', ['biuld', '.'], { code: 1, says: /build/ }],
    ['a mistyped flag', ['ps', '--al'], { code: 125, says: /--all/ }],
  ];
  for (const [name, args, expected] of cases) test(name, () => refused(args, expected));

  test('a build into a folder of /proc', async () => {
    const folder = join(engine.folder, 'into-proc');
    await mkdir(folder);
    await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUN echo made > /made\n');
    for (const output of ['/proc/no-such/a', 'type=local,dest=/proc/no-such/a'])
      await refused(['build', '-o', output, folder], {
        code: 1,
        says: /failed to write \/proc\/no-such\/a: .*no such file or directory/,
      });
    await refused(['build', '--cache-to', 'type=local,dest=/proc/no-such/a', folder], {
      code: 1,
      says: /failed to write \/proc\/no-such\/a: .*no such file or directory/,
    });
  });

  test('a Hub in a folder of /proc: one line, without a stack', async () => {
    const ran = await engine.wharf(['hub', 'serve', '--root', '/proc/no-such/a', '--addr', '127.0.0.1:0']);
    assert.deepEqual([ran.code, ran.stderr.split('\n').length], [1, 2], ran.stderr);
    assert.match(ran.stderr, /no such file or directory, mkdir '\/proc\/no-such'/);
  });

  test('an archive unpacked into the /proc of a container that runs', async () => {
    const ran = await engine.wharf(['run', '-d', '--name', 'in-proc', 'busybox', 'sleep', '300']);
    assert.equal(ran.code, 0, ran.stderr);
    const folder = join(engine.folder, 'for-proc');
    await mkdir(join(folder, 'no-such/a'), { recursive: true });
    await writeFile(join(folder, 'no-such/a/b'), 'x');
    await refused(['cp', `${folder}/.`, 'in-proc:/proc'], { code: 1, says: /no-such/ });
    await engine.wharf(['rm', '-f', 'in-proc']);
  });

  test('none of these left a container or a volume', async () => {
    const { stdout } = await engine.wharf(['ps', '-a', '--format', '{{.Names}} {{.Status}}']);
    assert.doesNotMatch(stdout, /Up /);
    const left = (await engine.wharf(['ps', '-aq'])).stdout.split('\n').filter(Boolean);
    if (left.length > 0) await engine.wharf(['rm', '-f', ...left]);
  });

  test('a name in use is refused with the id of its holder', async () => {
    const { stdout } = await engine.wharf(['create', '--name', 'taken', 'busybox', 'true']);
    await refused(['create', '--name', 'taken', 'busybox', 'true'], {
      code: 1,
      says: new RegExp(`The container name "/taken" is already in use by container "${stdout.trim()}"`),
    });
    await engine.wharf(['rm', 'taken']);
  });
});

describe('in a Dockerfile', () => {
  const cases: [string, string, RegExp][] = [
    ['an unknown instruction', 'FROM busybox\nRUM echo x\n', /line 2.*RUM.*RUN/s],
    ['no FROM', 'RUN echo x\n', /FROM/],
    ['an empty file', '\n', /(empty|no instructions|no build stage)/i],
    ['a failing RUN', 'FROM busybox\nRUN echo before; exit 9\n', /before.*9/s],
    ['a missing source', 'FROM busybox\nCOPY nothing /x\n', /nothing.*(not found|does not exist)/is],
    ['a source out of the context', 'FROM busybox\nCOPY ../../etc/passwd /x\n', /(context|not found)/],
    ['an unknown stage', 'FROM busybox\nCOPY --from=nowhere /a /b\n', /nowhere/],
    ['an unknown flag', 'FROM busybox\nCOPY --chmood=1 Dockerfile /b\n', /chmood.*chmod/s],
    ['an unknown base', 'FROM no-such-base:1\n', /no-such-base/],
  ];
  for (const [name, text, says] of cases)
    test(name, async () => {
      const folder = join(engine.folder, `bad-${name.replaceAll(' ', '-')}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'Dockerfile'), text);
      await engine.wharf(['tag', 'busybox', 'kept-tag']);
      const before = (await engine.wharf(['inspect', '--format', '{{.Id}}', 'kept-tag'])).stdout;
      const ran = await engine.wharf(['build', '-t', 'kept-tag', folder]);
      assert.notEqual(ran.code, 0);
      assert.match(ran.stdout + ran.stderr, says);
      assert.equal(
        (await engine.wharf(['inspect', '--format', '{{.Id}}', 'kept-tag'])).stdout,
        before,
        'the tag is untouched',
      );
    });
});

describe('to the API', () => {
  const cases: [string, string, string, string | undefined, number][] = [
    ['malformed JSON', 'POST', '/containers/create', '{"Image": ', 400],
    ['a wrong type', 'POST', '/containers/create', '{"Image": 7}', 400],
    ['an empty body', 'POST', '/containers/create', '', 400],
    ['a body over the limit', 'POST', '/containers/create', `{"Image":"${'x'.repeat(20_000_000)}"}`, 413],
    ['an unknown path', 'GET', '/no/such/path', undefined, 404],
    ['an unknown container', 'GET', '/containers/nobody/json', undefined, 404],
    ['an invalid filter', 'GET', '/containers/json?filters=%7B', undefined, 400],
    ['a version too new', 'GET', '/v1.99/info', undefined, 400],
    ['a version too old', 'GET', '/v1.12/info', undefined, 400],
    ['an invalid signal', 'POST', '/containers/nobody/kill?signal=NOPE', undefined, 400],
    ['an invalid name', 'POST', '/containers/create?name=-bad-', '{"Image":"busybox"}', 400],
  ];
  for (const [name, method, path, body, status] of cases)
    test(name, async () => {
      const answer = await engine.call(method, path, body);
      assert.equal(answer.status, status, answer.text);
      assert.equal(typeof JSON.parse(answer.text).message, 'string');
      assert.equal((await engine.call('GET', '/_ping')).status, 200);
    });
});

// The Hub's pages in a real browser, on a desk and on a phone: found, read, copied from, by mouse, finger and keyboard.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ServedHub } from '../../src/hub/serve.ts';
import { Browser } from './hub-browser.ts';
import { makeImage, pushImage, scratch, serveIn } from './hub-fixture.ts';

const place = scratch();
/** Pictures for a person to look at, where this names a folder. */
const pictures = process.env['WHARF_TEST_PICTURES'];
let served: ServedHub;
let browser: Browser;

before(async () => {
  served = await serveIn(place.dir);
  const history = [
    { created_by: 'RUN apt-get install python3 python3-pip ca-certificates netbase tzdata' },
    { created_by: `ENV ${'LONG'.repeat(60)}=1`, empty_layer: true },
    { created_by: 'COPY rootfs/ /' },
    { created_by: 'CMD ["python3"]', empty_layer: true },
  ];
  const annotations = { 'org.opencontainers.image.description': 'An interpreter <and> its “batteries”' };
  const image = makeImage([randomBytes(1_234_567), randomBytes(7890)], { annotations }, history);
  for (const reference of ['3.11-slim', '3.11', 'latest'])
    await pushImage(served.url, 'library/python', { ...image, reference });
  await pushImage(served.url, 'team/a-rather-long-name/of-a-repository/that-does-not-fit-on-a-phone', image);
  browser = await Browser.start();
  await browser.allow(served.url, ['clipboardReadWrite', 'clipboardSanitizedWrite']);
});

after(async () => {
  await browser?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const text = (selector: string) =>
  browser.ask<string>(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? 'nothing'`);

async function keepPicture(name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  writeFileSync(join(pictures, `${name}.png`), await browser.picture());
}

/** What WCAG asks of every page, as far as a program can tell. */
async function assertReadable({ width }: { width: number }): Promise<void> {
  const wide = await browser.ask<string[]>(`[...document.querySelectorAll('body *')]
    .filter((each) => each.getBoundingClientRect().right > ${width}).map((each) => each.outerHTML.slice(0, 80))`);
  assert.deepEqual(wide, [], 'nothing reaches beyond the side of the screen');
  const nodes = await browser.accessible();
  for (const { role, name } of nodes)
    if (['button', 'link', 'searchbox', 'image'].includes(role))
      assert.notEqual(name.trim(), '', `a ${role} without a name`);
  for (const landmark of ['main', 'search', 'banner'])
    assert.ok(
      nodes.some(({ role }) => role === landmark),
      `no ${landmark}`,
    );
  assert.equal(nodes.filter(({ role }) => role === 'heading').length > 0, true);
  assert.equal(await browser.ask('document.documentElement.lang'), 'en');
  assert.deepEqual(browser.complaints, []);
}

const screens = {
  desk: { width: 1280, height: 800, mobile: false },
  phone: { width: 360, height: 740, mobile: true },
};

for (const [name, screen] of Object.entries(screens)) {
  describe(`on a ${name}`, () => {
    before(() => browser.view(screen));

    test('the list, and a search in it', async () => {
      await browser.open(`${served.url}/`);
      assert.equal(await text('h1'), '2 repositories');
      assert.match(await text('ul.list'), /library\/python\n+An interpreter <and> its “batteries”\n+3 tags/);
      await assertReadable(screen);
      await keepPicture(`${name}-list`);
      await browser.click('input[type=search]');
      await browser.type('pyth', { leads: true });
      assert.equal(await text('h1'), '1 repository for “pyth”');
      await assertReadable(screen);
    });

    test('from a repository to a tag, its layers, sizes and commands', async () => {
      await browser.click('a.name', { leads: true });
      assert.equal(await text('h1'), 'library/python');
      assert.match(await text('ul.list'), /3\.11-slim\s+linux\/amd64 1\.24MB/);
      await assertReadable(screen);
      await keepPicture(`${name}-repository`);
      await browser.click('a[href$=":3.11-slim"]', { leads: true });
      assert.match(await text('h1'), /library\/python:3\.11-slim/);
      assert.match(await text('ol.layers'), /1\.23MB\s+RUN apt-get install python3/);
      assert.match(await text('ol.layers'), /–\s+CMD \["python3"\]/);
      await assertReadable(screen);
      await keepPicture(`${name}-image`);
    });

    test('a command is copied by its button', async () => {
      await browser.click('.command button');
      const copied = await browser.ask('navigator.clipboard.readText()');
      assert.equal(copied, `wharf pull ${new URL(served.url).host}/library/python:3.11-slim`);
      assert.equal(await text('.command .done'), 'Copied');
      const size = await browser.ask<number>(
        "document.querySelector('.command button').getBoundingClientRect().height",
      );
      assert.ok(size >= 24, 'large enough for a finger');
    });
  });
}

test('by keyboard alone: past the header to the content, and through the links', async () => {
  await browser.view(screens.desk);
  await browser.open(`${served.url}/`);
  const stops: string[] = [];
  for (let stop = 0; stop < 5; stop++) {
    await browser.press('Tab');
    stops.push(
      await browser.ask<string>('document.activeElement.innerText || document.activeElement.ariaLabel'),
    );
  }
  assert.deepEqual(stops.slice(0, 4), ['Skip to the content', 'Wharf Hub', 'Search repositories', 'Search']);
  assert.match(stops[4] ?? '', /library\/python|team\//);
});

test('what was not found is a page, too', async () => {
  await browser.open(`${served.url}/r/library/none`);
  assert.equal(await text('h1'), 'Not found');
});

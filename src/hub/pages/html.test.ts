// Nothing that was pushed becomes part of a page's markup.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeHtml, html } from './html.ts';

test('values are escaped, HTML and lists of it are not', () => {
  const item = html`<li title="${'"><script>'}">${'<b>&'}</li>`;
  assert.equal(item.text, '<li title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&amp;</li>');
  assert.equal(html`<ul>${[item, html`x`]}${undefined}${3}</ul>`.text, `<ul>${item.text}x3</ul>`);
});

test('no text leaves its place', () => {
  fc.assert(fc.property(fc.string(), (text) => !/[<>"']/.test(escapeHtml(text))));
});

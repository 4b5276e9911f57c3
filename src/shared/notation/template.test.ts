// Go templates.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#shared/errors.ts';
import { compileTemplate } from './template.ts';

const value = {
  Name: '/web',
  Count: 3,
  State: { Running: true, Health: null },
  List: ['a', 'b'],
  Nothing: null,
  Labels: { 'com.x': 'y', a: 'b' },
  Networks: { bridge: { IP: '1.2.3.4' }, back: { IP: '5.6.7.8' } },
  Label: (name: string) => `label-${name}`,
};
const show = (text: string) => compileTemplate(text)(value);

test('fields and values', () => {
  assert.equal(show('{{.Name}} {{ .Count }}'), '/web 3');
  assert.equal(show('{{.State.Running}}'), 'true');
  assert.equal(show('{{.List}} {{.Labels}}'), '[a b] map[a:b com.x:y]');
  assert.equal(show('{{.Nope}}'), '<no value>');
  assert.equal(show('{{.State.Health}}'), '<nil>');
  assert.equal(show('{{.Label "x"}}'), 'label-x');
  assert.equal(show('plain'), 'plain');
  assert.equal(show('{{"a}}b"}}{{`c`}}'), 'a}}bc');
});

test('functions and pipes', () => {
  assert.equal(show('{{json .List}}'), '["a","b"]');
  assert.equal(show('{{.Name | upper | json}}'), '"/WEB"');
  assert.equal(show('{{index .Labels "com.x"}}'), 'y');
  assert.equal(show('{{(index .Networks "bridge").IP}}'), '1.2.3.4');
  assert.equal(show('{{join .List ", "}}'), 'a, b');
  assert.equal(show('{{len .Nothing}}'), '0', 'a list that is null');
  assert.equal(show('{{len .List}}{{printf "%s-%03d|%-5s|" .Name 7 "x"}}'), '2/web-007|x    |');
  assert.equal(
    show('{{slice .Name 1}} {{title "ab cd"}} {{pad "x" 1 2}}| {{truncate "abcdef" 3}}'),
    'web Ab Cd  x  | abc',
  );
  assert.equal(show('{{range split "a:b" ":"}}<{{.}}>{{end}}'), '<a><b>');
  assert.equal(show('{{println "a" 1}}'), 'a 1\n');
});

test('blocks, variables and trimming', () => {
  assert.equal(show('{{if .State.Health}}y{{else if eq .Count 3}}three{{else}}n{{end}}'), 'three');
  assert.equal(show('{{range $k, $v := .Networks}}{{$k}}={{$v.IP}};{{end}}'), 'back=5.6.7.8;bridge=1.2.3.4;');
  assert.equal(show('{{range $i, $e := .List}}{{if $i}},{{end}}{{$e}}{{end}}'), 'a,b');
  assert.equal(show('{{with .State}}{{.Running}}{{$.Name}}{{end}}'), 'true/web');
  assert.equal(show('{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}'), '2');
  assert.equal(show('a {{- "b" -}} c{{/* gone */}}'), 'abc');
  assert.equal(show('{{if and .Name (not .Nope) (or .State.Health .Count)}}ok{{end}}'), 'ok');
  assert.equal(show('{{range .Nope}}x{{else}}none{{end}}'), 'none');
});

test('what is wrong is said', () => {
  assert.throws(() => show('{{.Name'), /template parsing error: .*unclosed action/);
  assert.throws(() => show('{{foo}}'), /function "foo" not defined/);
  assert.throws(() => show('{{if .Name}}'), /\{\{end\}\} is missing/);
  assert.throws(() => show('{{end}}'), /unexpected \{\{end\}\}/);
  assert.throws(() => show('{{}}'), /missing value/);
  assert.throws(() => show('{{.Nope.More}}'), /nil pointer evaluating interface \{\}\.More/);
  assert.throws(() => show('{{.Name.More}}'), /can't evaluate field More/);
  assert.throws(() => show('{{index .List 9}}'), /out of range/);
  assert.throws(() => show('{{$y}}'), /undefined variable "\$y"/);
  assert.throws(
    () => compileTemplate('{{.name}}', { strict: true })(value),
    (thrown: Error & { hint?: string }) =>
      /no entry for key "name"/.test(thrown.message) && thrown.hint === 'did you mean {{.Name}}?',
  );
});

test('no text makes it throw anything but invalid', () => {
  const word = fc.constantFrom(
    '{{',
    '}}',
    '.Name',
    'if',
    'range',
    'end',
    'else',
    '|',
    '(',
    ')',
    ' ',
    '"x"',
    'json',
    '$',
    '$x',
    ':=',
    '-',
    'index',
    '.List',
    'with',
    'printf',
    '"%d%s"',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (sample) => {
      try {
        assert.equal(typeof show(sample), 'string');
      } catch (thrown) {
        assert.ok(isKind(thrown, 'invalid'), `${sample}: ${String(thrown)}`);
      }
    }),
    { numRuns: 300 },
  );
});

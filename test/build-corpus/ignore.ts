// The corpus: `.dockerignore`. One context; of it the names that a COPY of everything brings.
import type { CorpusCase } from './case.ts';

const files: Record<string, string> = {
  '#x': '',
  foo: 'foo',
  bar: 'bar',
  'x.txt': '',
  'keep.txt': '',
  'dd/a': 'a',
  'dd/sub/b': 'b',
  'dd/link': '@a',
  'dd/keep.txt': '',
  'c++/x': '',
  'app/(auth)/page': '',
};
const names = Object.keys(files);

/** What the file says, and which names it leaves out. */
const rules: [string, string[]][] = [
  ['*\n!foo', names.filter((name) => name !== 'foo')],
  ['**\n!dd/a', names.filter((name) => name !== 'dd/a')],
  ['dd/\n', ['dd/a', 'dd/sub/b', 'dd/link', 'dd/keep.txt']],
  ['/foo\n/dd/sub', ['foo', 'dd/sub/b']],
  ['./foo', ['foo']],
  ['FOO\nDd', []],
  ['f?o', ['foo']],
  ['[fb]*', ['foo', 'bar']],
  ['[^f]oo', []],
  ['**/b', ['dd/sub/b']],
  ['dd/**/b', ['dd/sub/b']],
  ['dd/**', ['dd/a', 'dd/sub/b', 'dd/link', 'dd/keep.txt']],
  ['dd/**\n!dd/sub/b', ['dd/a', 'dd/link', 'dd/keep.txt']],
  ['d**', ['dd/a', 'dd/sub/b', 'dd/link', 'dd/keep.txt']],
  ['**a', ['dd/a']],
  ['*/a', ['dd/a']],
  ['*.txt\n!keep.txt', ['x.txt']],
  ['**/*.txt\n!**/keep.txt', ['x.txt']],
  ['dd\n!dd/sub', ['dd/a', 'dd/link', 'dd/keep.txt']],
  ['*\n!dd', names.filter((name) => !name.startsWith('dd/'))],
  ['#foo\n # bar\nfoo', ['foo']],
  ['  foo  \n\tbar\t', ['foo', 'bar']],
  ['foo\n! foo', []],
  ['foo\r\nbar\r\n', ['foo', 'bar']],
  ['\uFEFFfoo', ['foo']],
  ['\\#x', ['#x']],
  ['dd/link', ['dd/link']],
  ['.\n../foo\n/', []],
  ['c++\napp/(auth)', ['c++/x', 'app/(auth)/page']],
  ['Dockerfile\n.dockerignore', []],
];

const oldClient = 'the client of docker 20.10 takes + and ( for signs of its own';

const kindOf = (name: string): string =>
  files[name]?.startsWith('@') === true ? `l 777 0:0 ${files[name].slice(1)}` : 'f 644 0:0';

export const ignoreCases: CorpusCase[] = [
  ...rules.map(
    ([text, left]): CorpusCase => ({
      name: `.dockerignore ${JSON.stringify(text)}`,
      dockerfile: 'FROM scratch\nCOPY . /\n',
      files: { ...files, '.dockerignore': text },
      ...(text.includes('+') ? { unlike: { classic: oldClient, buildkit: oldClient } } : {}),
      tree: Object.fromEntries(names.map((name) => [name, left.includes(name) ? null : kindOf(name)])),
    }),
  ),
  {
    name: '.dockerignore with a ! alone',
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { ...files, '.dockerignore': 'foo\n!\n' },
    error: 'illegal exclusion pattern: "!"',
  },
  {
    name: '.dockerignore with half a class',
    dockerfile: 'FROM scratch\nCOPY . /\n',
    files: { ...files, '.dockerignore': '[a-\n' },
    error: 'syntax error in pattern',
  },
];

// The corpus: COPY and ADD.
import type { CorpusCase } from './case.ts';

const sources = { 'src/a.py': 'a', 'src/a.txt': 'a', 'src/deep/b.py': 'b', 'src/deep/b.txt': 'b', top: 't' };

export const copyCases: CorpusCase[] = [
  {
    name: '--parents keeps the folders',
    dockerfile: 'FROM busybox\nCOPY --parents src/deep/b.py top /out/\n',
    files: sources,
    tree: { 'out/src/deep/b.py': 'f 644 0:0', 'out/top': 'f 644 0:0', 'out/b.py': null },
    unlike: { buildkit: 'only with a syntax that would be pulled' },
  },
  {
    name: '--parents with a pivot',
    dockerfile: 'FROM busybox\nCOPY --parents src/./deep/b.py /out/\n',
    files: sources,
    tree: { 'out/deep/b.py': 'f 644 0:0', 'out/src': null },
    unlike: { buildkit: 'only with a syntax that would be pulled' },
  },
  {
    name: '--parents with two stars goes down',
    dockerfile: 'FROM busybox\nCOPY --parents **/*.py /out/\n',
    files: sources,
    tree: { 'out/src/a.py': 'f 644 0:0', 'out/src/deep/b.py': 'f 644 0:0', 'out/src/a.txt': null },
    unlike: { buildkit: 'only with a syntax that would be pulled' },
  },
  {
    name: '--parents of a directory',
    dockerfile: 'FROM busybox\nCOPY --parents src/deep /out\n',
    files: sources,
    tree: { 'out/src/deep/b.txt': 'f 644 0:0', 'out/src/a.py': null },
    unlike: { buildkit: 'only with a syntax that would be pulled' },
  },
  {
    name: '--exclude leaves out',
    dockerfile: 'FROM busybox\nCOPY --exclude=*.txt --exclude=deep/*.txt src /out\n',
    files: sources,
    tree: {
      'out/a.py': 'f 644 0:0',
      'out/a.txt': null,
      'out/deep/b.py': 'f 644 0:0',
      'out/deep/b.txt': null,
    },
  },
  {
    name: '--exclude of matched files, and in ADD',
    dockerfile: 'FROM busybox\nADD --exclude=src/*.txt src/* /out/\n',
    files: sources,
    tree: { 'out/a.py': 'f 644 0:0', 'out/a.txt': null },
    unlike: {
      buildkit:
        'that of dockerd 28.5 copies each file that the pattern of a source matched, whatever is excluded',
    },
  },
  {
    name: '--chmod octal',
    dockerfile: 'FROM busybox\nCOPY --chmod=0750 top /x\n',
    files: sources,
    tree: { x: 'f 750 0:0' },
  },
  {
    name: '--chmod symbolic',
    dockerfile:
      'FROM busybox\nCOPY --chmod=u+x,go= top /x\nCOPY --chmod=a=rX src /y\nCOPY --chmod=g=u top /z\n',
    files: sources,
    tree: { x: 'f 700 0:0', 'y/a.py': 'f 444 0:0', 'y/deep': 'd 555 0:0', z: 'f 664 0:0' },
  },
  {
    name: '--chmod nonsense',
    dockerfile: 'FROM busybox\nCOPY --chmod=u+q top /x\n',
    files: sources,
    error: 'invalid chmod parameter',
  },
  {
    name: '--chown names and numbers',
    dockerfile:
      'FROM busybox\nCOPY --chown=app:staff top /x\nCOPY --chown=5:6 top /y\nCOPY --chown=app top /z\n',
    files: sources,
    tree: { x: 'f 644 1000:1001', y: 'f 644 5:6', z: 'f 644 1000:1001' },
    unlike: { classic: 'it wants a group of that name' },
  },
  {
    name: '--link on a base',
    dockerfile:
      'FROM busybox\nRUN mkdir /d && touch /d/before\nCOPY --link top /d/after\nRUN test -e /d/before && test -e /d/after\n',
    files: sources,
    tree: { 'd/before': 'f 644 0:0', 'd/after': 'f 644 0:0' },
  },
  {
    name: '--link on scratch',
    dockerfile: 'FROM scratch\nCOPY --link=true top /d/x\n',
    files: sources,
    tree: { 'd/x': 'f 644 0:0' },
  },
  {
    name: '--link nonsense',
    dockerfile: 'FROM scratch\nCOPY --link=perhaps a /\n',
    error: 'expecting boolean value',
  },
  {
    name: 'here-documents: several, expanded and not',
    dockerfile:
      'FROM busybox\nARG X=1\nCOPY --chmod=755 <<one <<"two" /d/\n$X\none\n$X\ntwo\nRUN grep -q 1 /d/one && grep -q X /d/two\n',
    tree: { 'd/one': 'f 755 0:0', 'd/two': 'f 755 0:0' },
  },
  {
    name: 'here-document with tabs taken off',
    dockerfile: 'FROM busybox\nCOPY <<-EOF /x\n\thi\n\tEOF\nRUN test "$(cat /x)" = hi\n',
    tree: { x: 'f 644 0:0' },
  },
  {
    name: 'a here-document without its end',
    dockerfile: 'FROM busybox\nCOPY <<EOF /x\nhi\n',
    error: 'unterminated heredoc',
  },
  {
    name: '--checksum of what is no URL',
    dockerfile: 'FROM busybox\nADD --checksum=sha256:00 top /x\n',
    files: sources,
    error: "checksum can't be specified",
  },
  {
    name: 'a named context of files',
    dockerfile: 'FROM busybox\nCOPY --from=lib . /lib/\nCOPY --from=lib x /y\n',
    contexts: { lib: { x: 'x', skipped: 's', '.dockerignore': 'skipped\n' } },
    tree: { 'lib/x': 'f 644 0:0', 'lib/skipped': null, y: 'f 644 0:0' },
  },
  {
    name: 'the ignore file of the Dockerfile comes before the other',
    dockerfile: 'FROM busybox\nCOPY . /d\n',
    files: { a: 'a', b: 'b', '.dockerignore': 'a\n', 'Dockerfile.dockerignore': 'b\n' },
    tree: { 'd/a': 'f 644 0:0', 'd/b': null },
    unlike: { classic: 'there is one ignore file' },
  },
  {
    name: 'an unknown flag',
    dockerfile: 'FROM busybox\nCOPY --chwon=1 a /\n',
    error: 'did you mean --chown',
  },
];

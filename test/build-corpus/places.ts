// The corpus: where COPY puts things: folders that are there or made, links in the way, modes and owners.
import type { CorpusCase } from './case.ts';

const source =
  'FROM busybox AS s\nRUN mkdir -m 700 /d && mkdir -m 750 /d/sub && touch /d/f /d/sub/g && chown -R 5:6 /d && chmod 4711 /d/f && ln -s f /d/l && ln -s sub /d/ls\nFROM busybox\n';

const target =
  'FROM busybox\nRUN mkdir /real /d && echo r > /rf && ln -s /real /ld && ln -s rf /lf && ln -s /nowhere /dang && touch /d/x\n';

const files = {
  foo: 'foo',
  bar: 'bar',
  'dd/a': 'a',
  'dd/sub/b': 'b',
  'withlink/lnk': '@/real',
  'empty/': '',
};

/** From the stage above: lines, and the files that come of them. */
const fromStage: [string, string, Record<string, string | null>][] = [
  [
    'a new folder is root’s and open',
    'COPY --from=s /d /new',
    { new: 'd 755 0:0', 'new/sub': 'd 750 5:6', 'new/f': 'f 4711 5:6' },
  ],
  [
    'new folders on the way',
    'COPY --from=s /d /deep/er/x',
    { 'deep/er': 'd 755 0:0', 'deep/er/x': 'd 755 0:0' },
  ],
  [
    'a folder that is there stays as it is',
    'RUN mkdir -m 711 /old && chown 3:3 /old\nCOPY --from=s /d /old',
    { old: 'd 711 3:3', 'old/f': 'f 4711 5:6' },
  ],
  [
    'an owner for all that is made',
    'COPY --chown=7:8 --from=s /d /ch/x',
    { ch: 'd 755 7:8', 'ch/x': 'd 755 7:8', 'ch/x/sub': 'd 750 7:8', 'ch/x/l': 'l 777 7:8 f' },
  ],
  [
    'a mode for all that is made',
    'COPY --chmod=640 --from=s /d /cm/x',
    { cm: 'd 640 0:0', 'cm/x': 'd 640 0:0', 'cm/x/sub': 'd 640 5:6', 'cm/x/f': 'f 640 5:6' },
  ],
  [
    'a symbolic mode leaves what is made for it',
    'COPY --chmod=a+rX --from=s /d /cm/x',
    { 'cm/x': 'd 755 0:0', 'cm/x/sub': 'd 755 5:6' },
  ],
  ['a folder by a pattern', 'COPY --from=s /d* /w/', { w: 'd 755 0:0', 'w/f': 'f 4711 5:6' }],
  ['a link to a file is followed', 'COPY --from=s /d/l /sl', { sl: 'f 4711 5:6' }],
  ['a link to a folder is followed', 'COPY --from=s /d/ls /sd/', { sd: 'd 755 0:0', 'sd/g': 'f 644 5:6' }],
  [
    'two folders into one',
    'COPY --from=s /d/sub /d /dd/',
    { dd: 'd 755 0:0', 'dd/g': 'f 644 5:6', 'dd/sub/g': 'f 644 5:6' },
  ],
  [
    'a linked layer',
    'COPY --link --chown=3:4 --from=s /d /li/nk/',
    { li: 'd 755 3:4', 'li/nk': 'd 755 3:4', 'li/nk/sub': 'd 750 3:4' },
  ],
];

/** Onto what is there. */
const onTarget: [string, string, Record<string, string | null>][] = [
  ['a file onto a link to a file', 'COPY foo /lf', {}],
  ['a file into a link to a folder', 'COPY foo /ld/', { 'real/foo': 'f 644 0:0', ld: 'l 777 0:0 /real' }],
  ['a folder onto a link to a folder', 'COPY dd /ld', { 'real/sub/b': 'f 644 0:0', ld: 'l 777 0:0 /real' }],
  ['a file into a folder that is there', 'COPY foo /d', { 'd/foo': 'f 644 0:0' }],
  ['a path that climbs stays inside', 'COPY foo /../../x/../y', { y: 'f 644 0:0' }],
  [
    'relative to the folder of work',
    'WORKDIR /a/b\nCOPY foo ../c\nCOPY foo ./e/\nCOPY foo .',
    { 'a/c': 'f 644 0:0', 'a/b/e/foo': 'f 644 0:0', 'a/b/foo': 'f 644 0:0' },
  ],
  [
    'a folder of work through a link',
    'WORKDIR /ld\nCOPY foo .\nWORKDIR x',
    { 'real/foo': 'f 644 0:0', 'real/x': 'd 755 0:0' },
  ],
  ['an empty folder', 'COPY empty /e', { e: 'd 755 0:0' }],
  ['of several patterns one may match nothing', 'COPY foo nomatch* /ew/', { 'ew/foo': 'f 644 0:0' }],
  [
    'an owner by group alone, by a number',
    'COPY --chown=:5 foo /m\nCOPY --chown=77 foo /k',
    { m: 'f 644 0:5', k: 'f 644 77:77' },
  ],
  [
    'an owner and a mode of a variable that is empty',
    'ARG U M\nCOPY --chown=$U --chmod=$M foo /n',
    { n: 'f 644 0:0' },
  ],
  [
    'modes of one digit and of five',
    'COPY --chmod=0 foo /z\nCOPY --chmod=7 foo /y\nCOPY --chmod=00644 foo /x',
    { z: 'f 0 0:0', y: 'f 7 0:0', x: 'f 644 0:0' },
  ],
];

const wrong: [string, string, string][] = [
  ['a folder onto a file', 'COPY dd /rf', 'not a directory'],
  ['a folder onto a link to a file', 'COPY dd /lf', 'not a directory'],
  [
    'a link over a folder',
    'RUN mkdir -p /t/lnk/x\nCOPY withlink /t',
    'cannot overwrite directory /t/lnk with a file',
  ],
  ['a mode that is too big', 'COPY --chmod=10000 foo /z', 'between 0 and 07777'],
];

const flags = /--link|--chmod/;
const oldChown = 'it takes numbers, or names of a user and a group';
const oldModes = 'its chown takes the set-id bits away, and folders on the way are root’s';
/** What the old builder does with those lines. */
const oldWays: Record<string, string> = {
  'COPY foo /../../x/../y': 'it refuses that',
  'RUN mkdir -p /t/lnk/x\nCOPY withlink /t': 'it puts the link into the place of the folder',
};
const unlikeOld = (lines: string): Pick<CorpusCase, 'unlike'> =>
  oldWays[lines] === undefined ? {} : { unlike: { classic: oldWays[lines] } };

export const placeCases: CorpusCase[] = [
  ...fromStage.map(
    ([name, lines, tree]): CorpusCase => ({
      name: `from a stage: ${name}`,
      dockerfile: `${source}${lines}\n`,
      tree,
      ...(lines.includes('--chown=') && !flags.test(lines) ? { unlike: { classic: oldModes } } : {}),
    }),
  ),
  ...onTarget.map(
    ([name, lines, tree]): CorpusCase => ({
      name: `onto what is there: ${name}`,
      dockerfile: `${target}${lines}\n`,
      files,
      tree,
      ...(lines.includes('--chown=') && !flags.test(lines)
        ? { unlike: { classic: oldChown } }
        : unlikeOld(lines)),
    }),
  ),
  ...wrong.map(
    ([name, lines, error]): CorpusCase => ({
      name: `refused: ${name}`,
      dockerfile: `${target}${lines}\n`,
      files,
      error,
      ...unlikeOld(lines),
    }),
  ),
  {
    name: 'a pattern that matches nothing, alone',
    dockerfile: 'FROM busybox\nCOPY nomatch* /x/\n',
    files,
    error: 'no source files were specified',
    unlike: { buildkit: 'it copies nothing and says nothing' },
  },
  {
    name: '--parents keeps modes and owners of folders',
    dockerfile: `${source}COPY --parents --from=s /d/./sub/g /p/\nCOPY --parents --from=s /d/sub /q/\n`,
    tree: {
      p: 'd 755 0:0',
      'p/sub': 'd 750 5:6',
      'p/sub/g': 'f 644 5:6',
      'q/d': 'd 700 5:6',
      'q/d/sub': 'd 750 5:6',
    },
    unlike: { buildkit: 'only with a syntax that would be pulled' },
  },
  {
    name: 'the history of COPY',
    dockerfile:
      'FROM busybox AS one\nFROM scratch\nCOPY --from=one --link /etc/passwd /p\nARG D=/to\nCOPY --chmod=755 --chown=5:6 foo <<"x" $D/\nhi\nx\nCOPY --exclude=*.md dd /e\nADD foo bar /f/\n',
    files,
    history: [
      'COPY /etc/passwd /p # buildkit',
      'ARG D=/to',
      'COPY --chown=5:6 --chmod=755 foo <<x /to/ # buildkit',
      'COPY dd /e # buildkit',
      'ADD foo bar /f/ # buildkit',
    ],
  },
];

// The corpus: FROM, stages and targets.
import { type CorpusCase, path } from './case.ts';

const onlyNeeded = 'the old builder builds every stage';

export const stageCases: CorpusCase[] = [
  {
    name: 'scratch and nothing',
    dockerfile: 'FROM scratch\n',
    config: { Env: [path], WorkingDir: '/' },
    unlike: { classic: 'No image was generated' },
  },
  {
    name: 'an image in capitals and small letters',
    dockerfile: 'from busybox as Base\nrun touch /a\nFROM base\nCOPY --from=BASE /a /b\n',
    tree: { a: 'f 644 0:0', b: 'f 644 0:0' },
  },
  {
    name: 'ARG before FROM',
    dockerfile: 'ARG IMAGE=busybox\nFROM $IMAGE\n',
    tree: { 'etc/passwd': 'f 644 0:0' },
  },
  {
    name: 'ARG before FROM, given',
    dockerfile: 'ARG IMAGE=scratch\nARG TAG=nope\nFROM ${IMAGE}:${TAG}\n',
    buildArgs: { IMAGE: 'busybox', TAG: 'latest' },
    tree: { 'etc/passwd': 'f 644 0:0' },
  },
  {
    name: 'a default in FROM',
    dockerfile: 'ARG IMAGE\nFROM ${IMAGE:-busybox}\n',
    tree: { 'etc/passwd': 'f 644 0:0' },
  },
  {
    name: 'an ARG before FROM made of another',
    dockerfile: 'ARG A=busy\nARG B=${A}box\nFROM $B\n',
    tree: { etc: 'd 755 0:0' },
  },
  {
    name: 'an ARG before FROM is not seen in the stage',
    dockerfile: 'ARG A=busybox\nFROM $A\nRUN echo "[$A]" > /a\n',
    text: { a: '[]\n' },
  },
  {
    name: 'an ARG before FROM is seen once declared again, or with another default',
    dockerfile: 'ARG A=1\nARG B=2\nFROM busybox\nARG A\nARG B=3\nRUN echo "[$A$B]" > /a\n',
    text: { a: '[13]\n' },
  },
  {
    name: 'a stage on a stage has its files, environment, folder, user and ARGs',
    dockerfile:
      'FROM busybox AS one\nARG X=1\nENV E=$X\nWORKDIR /w\nUSER app\nFROM one\nRUN echo "[$X$E$PWD$(id -un)]" > /tmp/a\n',
    text: { 'tmp/a': '[11/wapp]\n' },
    config: { User: 'app', WorkingDir: '/w', Env: [path, 'E=1'] },
    unlike: { classic: 'an ARG ends with its stage there' },
  },
  {
    name: 'an ENTRYPOINT takes the CMD of its base away',
    dockerfile: 'FROM busybox AS one\nCMD ["c"]\nFROM one\nENTRYPOINT ["e"]\n',
    config: { Entrypoint: ['e'], Cmd: null },
  },
  {
    name: 'an ENTRYPOINT leaves the CMD of its stage',
    dockerfile: 'FROM busybox\nCMD ["c"]\nENTRYPOINT ["e"]\n',
    config: { Entrypoint: ['e'], Cmd: ['c'] },
  },
  {
    name: 'a CMD of its own stays after the base had an ENTRYPOINT',
    dockerfile: 'FROM busybox AS one\nENTRYPOINT ["e"]\nFROM one\nCMD ["c"]\n',
    config: { Entrypoint: ['e'], Cmd: ['c'] },
  },
  {
    name: 'a stage that nothing needs is not built',
    dockerfile: 'FROM busybox AS broken\nRUN exit 9\nFROM busybox\nRUN touch /a\n',
    tree: { a: 'f 644 0:0' },
    unlike: { classic: onlyNeeded },
  },
  {
    name: 'the target by name',
    dockerfile: 'FROM busybox AS one\nRUN touch /1\nFROM one AS two\nRUN touch /2\n',
    target: 'ONE',
    tree: { 1: 'f 644 0:0', 2: null },
  },
  {
    name: 'the target by number',
    dockerfile: 'FROM busybox\nRUN touch /1\nFROM busybox\nRUN touch /2\n',
    target: '0',
    tree: { 1: 'f 644 0:0', 2: null },
    unlike: { classic: 'names only', buildkit: 'names only' },
  },
  {
    name: 'a target that is not there',
    dockerfile: 'FROM busybox AS build\n',
    target: 'biuld',
    error: 'failed to reach build target biuld in Dockerfile Did you mean build?',
  },
  {
    name: 'files of a stage by its number',
    dockerfile: 'FROM busybox\nRUN touch /a\nFROM scratch\nCOPY --from=0 /a /b\n',
    tree: { b: 'f 644 0:0', etc: null },
  },
  {
    name: 'files of a stage that comes later',
    dockerfile: 'FROM scratch AS all\nCOPY --from=later /a /a\nFROM busybox AS later\nRUN touch /a\n',
    target: 'all',
    tree: { a: 'f 644 0:0' },
    unlike: { buildkit: 'it wants stages in order', classic: 'the old builder goes from the top' },
  },
  {
    name: 'of two stages of one name the later counts',
    dockerfile:
      'FROM busybox AS x\nRUN echo 1 > /a\nFROM busybox AS x\nRUN echo 2 > /a\nFROM scratch\nCOPY --from=x /a /a\n',
    text: { a: '2\n' },
    unlike: { classic: 'it takes the first' },
  },
  {
    name: 'stages that need each other',
    dockerfile: 'FROM busybox AS a\nCOPY --from=b /x /\nFROM busybox AS b\nCOPY --from=a /x /\n',
    error: 'circular dependency detected on stage: ',
  },
  {
    name: 'a stage that needs itself, by a mount',
    dockerfile: 'FROM busybox AS a\nRUN --mount=from=a,target=/m true\n',
    error: 'circular dependency detected on stage: a Dockerfile:1:1',
  },
  {
    name: 'a number of a stage that is not there',
    dockerfile: 'FROM busybox\nCOPY --from=7 /x /\n',
    error: 'dockerfile parse error on line 2: invalid stage index 7',
  },
  {
    name: 'FROM without anything',
    dockerfile: 'FROM\n',
    error: 'FROM requires either one or three arguments',
  },
  {
    name: 'FROM with two words',
    dockerfile: 'FROM busybox AS\n',
    error: 'FROM requires either one or three arguments',
  },
  {
    name: 'FROM with a wrong word',
    dockerfile: 'FROM busybox SA x\n',
    error: 'Dockerfile:1:14: expected AS',
  },
  {
    name: 'a stage whose name is a number',
    dockerfile: 'FROM busybox AS 1st\n',
    error: 'invalid name for build stage: "1st"',
  },
  {
    name: 'FROM of nothing',
    dockerfile: 'ARG X\nFROM $X\n',
    error: 'dockerfile parse error on line 2: base name ($X) should not be blank',
  },
  { name: 'an image that cannot be one', dockerfile: 'FROM Busy:box:x\n', error: 'invalid reference format' },
  {
    name: 'a platform by variable',
    dockerfile: 'FROM --platform=$BUILDPLATFORM busybox\nRUN touch /a\n',
    tree: { a: 'f 644 0:0' },
    unlike: { classic: 'the old builder has no platform arguments' },
  },
  {
    name: 'a platform of its own for files alone',
    dockerfile: 'FROM --platform=linux/s390x scratch\nCOPY a /a\n',
    files: { a: 'a' },
    tree: { a: 'f 644 0:0' },
    image: { architecture: 's390x' },
    unlike: { buildkit: 'it leaves that of the build', classic: 'the old builder has one platform' },
  },
  {
    name: 'programs of a platform that nothing here can run',
    dockerfile: 'FROM --platform=linux/loong64 scratch\nRUN ["/x"]\n',
    error: 'cannot run programs of linux/loong64 on',
  },
  {
    name: 'a platform that is none',
    dockerfile: 'FROM --platform=linux/amd64/v1/x/y busybox\n',
    error: 'platform',
  },
  {
    name: 'a platform for all stages that do not say',
    dockerfile: 'FROM scratch\nCOPY a /a\n',
    files: { a: 'a' },
    platform: 'linux/s390x',
    image: { architecture: 's390x' },
    unlike: { classic: 'the old builder has one platform', buildkit: 'its client asks for one by a header' },
  },
  {
    name: 'labels of the request come last, and are not in the history',
    dockerfile: 'FROM busybox\nLABEL a=1 b=2\n',
    history: ['LABEL a=1 b=2'],
    labels: { b: '3', c: 'four "five" $six' },
    config: { Labels: { a: '1', b: '3', c: 'four "five" $six' } },
  },
  {
    name: 'stages side by side, each with what it needs',
    dockerfile:
      'FROM busybox AS a\nRUN echo a > /f\nFROM busybox AS b\nRUN echo b > /f\nFROM a AS c\nCOPY --from=b /f /g\nFROM scratch\nCOPY --from=c /f /g /\n',
    text: { f: 'a\n', g: 'b\n' },
  },
];

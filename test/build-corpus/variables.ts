// The corpus: ARG, ENV, their scopes, and every form of a variable.
import { type CorpusCase, path } from './case.ts';

/** Each in a label, with v=foobar, e set and empty, and n not set. */
const forms: [string, string][] = [
  ['$v', 'foobar'],
  ['${v}', 'foobar'],
  ['a${v}b', 'afoobarb'],
  ['$n', ''],
  ['${v:-d}', 'foobar'],
  ['${n:-d}', 'd'],
  ['${e:-d}', 'd'],
  ['${e-d}', ''],
  ['${n-d}', 'd'],
  ['${v:+a}', 'a'],
  ['${n:+a}', ''],
  ['${e:+a}', ''],
  ['${e+a}', 'a'],
  ['${v:?no}', 'foobar'],
  ['${e?no}', ''],
  ['${n:-${v}}', 'foobar'],
  ['${n:-a b}', 'a b'],
  ['${v#foo}', 'bar'],
  ['${v#*o}', 'obar'],
  ['${v##*o}', 'bar'],
  ['${v#?}', 'oobar'],
  ['${v%bar}', 'foo'],
  ['${v%o*}', 'fo'],
  ['${v%%o*}', 'f'],
  ['${v#x}', 'foobar'],
  ['${v/o/0}', 'f0obar'],
  ['${v//o/0}', 'f00bar'],
  ['${v/oo/}', 'fbar'],
  ['${v/b*/X}', 'fooX'],
  ['\\$v', '$v'],
  ['\\${v}', '${v}'],
];

const formCases = forms.map(
  ([form, expected]): CorpusCase => ({
    name: `variable ${form}`,
    dockerfile: `FROM scratch\nENV v=foobar e=\nLABEL x="${form}"\n`,
    config: { Labels: { x: expected } },
    ...(/^\$\{\w(#|%|\/|-|\+|\?)/.test(form) || form.includes('?')
      ? { unlike: { classic: 'the old builder has fewer forms' } }
      : {}),
  }),
);

const wrongForms: [string, string][] = [
  ['"${n:?it must be}"', 'n: it must be'],
  ['${n?}', 'n: '],
  ['${v@Q}', 'unsupported modifier (@) in substitution'],
  ['${v', 'syntax error: missing } in substitution'],
  ['${}', 'syntax error: bad substitution'],
];

const wrongCases = wrongForms.map(
  ([form, error]): CorpusCase => ({
    name: `variable ${form}, refused`,
    dockerfile: `FROM scratch\nENV v=foobar\nLABEL x=${form}\n`,
    error: `dockerfile parse error on line 3: ${error}`,
  }),
);

export const variableCases: CorpusCase[] = [
  ...formCases,
  ...wrongCases,
  {
    name: 'quotes: single ones keep what is in them, double ones do not',
    dockerfile: `FROM scratch\nENV v=x\nLABEL a='$v' b="$v" c=$v d='a "b"' e="it's"\n`,
    config: { Labels: { a: '$v', b: 'x', c: 'x', d: 'a "b"', e: "it's" } },
  },
  {
    name: 'ENV: all values are those of before the line',
    dockerfile: 'FROM scratch\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n',
    config: { Env: [path, 'abc=bye', 'def=hello', 'ghi=bye'] },
  },
  {
    name: 'ENV: the old form takes the rest of the line',
    dockerfile: 'FROM scratch\nENV ONE TWO= THREE=world\nENV dog Rex The Dog\n',
    config: { Env: [path, 'ONE=TWO= THREE=world', 'dog=Rex The Dog'] },
  },
  {
    name: 'ENV: quotes, escaped blanks, several lines',
    dockerfile: 'FROM scratch\nENV MY_NAME="John Doe" MY_DOG=Rex\\ The\\ Dog \\\n    MY_CAT=fluffy\n',
    config: { Env: [path, 'MY_NAME=John Doe', 'MY_DOG=Rex The Dog', 'MY_CAT=fluffy'] },
  },
  {
    name: 'ENV: a name set again keeps its place, PATH too',
    dockerfile: 'FROM scratch\nENV a=1 b=2\nENV a=3\nENV PATH=/x:$PATH\n',
    config: { Env: [`PATH=/x:${path.slice(5)}`, 'a=3', 'b=2'] },
  },
  { name: 'ENV without a name', dockerfile: 'FROM scratch\nENV =x\n', error: 'ENV names can not be blank' },
  { name: 'ENV with half a pair', dockerfile: 'FROM scratch\nENV a=1 b\n', error: `can't find = in "b"` },
  {
    name: 'ENV with a name alone',
    dockerfile: 'FROM scratch\nENV a\n',
    error: 'ENV must have two arguments',
  },
  {
    name: 'ENV without anything',
    dockerfile: 'FROM scratch\nENV\n',
    error: 'ENV requires at least one argument',
  },
  {
    name: 'ARG: default, given, and only then',
    dockerfile: 'FROM busybox\nARG A=1\nARG B=2\nRUN echo $A$B > /a\n',
    buildArgs: { B: '3' },
    text: { a: '13\n' },
  },
  {
    name: 'ARG counts from its line on',
    dockerfile: 'FROM busybox\nRUN echo "[$A]" > /a\nARG A=1\nRUN echo "[$A]" > /b\n',
    buildArgs: { A: '2' },
    text: { a: '[]\n', b: '[2]\n' },
  },
  {
    name: 'ENV comes before ARG',
    dockerfile: 'FROM busybox\nARG A=arg\nENV A=env\nRUN echo $A > /a\n',
    buildArgs: { A: 'given' },
    text: { a: 'env\n' },
    config: { Env: [path, 'A=env'] },
  },
  {
    name: 'ENV comes before an ARG after it, too',
    dockerfile: 'FROM busybox\nENV A=env\nARG A=arg\nLABEL a=$A\nRUN echo $A > /a\n',
    buildArgs: { A: 'given' },
    text: { a: 'env\n' },
    config: { Labels: { a: 'env' } },
    unlike: { buildkit: 'the last of them counts there, whatever the reference says' },
  },
  {
    name: 'ARG again without a default keeps its value',
    dockerfile: 'FROM busybox\nARG A=1\nARG A\nLABEL a=$A\nRUN echo $A > /a\n',
    text: { a: '1\n' },
    config: { Labels: { a: '1' } },
    unlike: { classic: 'it has none then' },
  },
  {
    name: 'variables and escapes within words',
    dockerfile:
      'FROM scratch\nARG A=1\nENV B=two C="th ree"\nLABEL a=$A-$B.$C b=$$ c=$1 d=$@ e=\\\\$A f=a\\ b g="y\\"z" h=\'it\'\'s\' i=$ "$B k"=v j=a=b=c\n',
    config: {
      Labels: {
        a: '1-two.th ree',
        b: '',
        c: '',
        d: '',
        e: '\\1',
        f: 'a b',
        g: 'y"z',
        h: 'its',
        i: '$',
        'two k': 'v',
        j: 'a=b=c',
      },
    },
  },
  {
    name: 'ARG made into ENV',
    dockerfile: 'FROM scratch\nARG A\nENV A=${A:-v1.0.0}\n',
    config: { Env: [path, 'A=v1.0.0'] },
  },
  {
    name: 'ARG: several, and one made of another',
    dockerfile: 'FROM busybox\nARG A=1 B=2\nARG C=$A$B\nRUN echo $C > /a\n',
    text: { a: '12\n' },
  },
  {
    name: 'ARG: quoted',
    dockerfile: 'FROM busybox\nARG A="b c"\nRUN echo "$A" > /a\n',
    text: { a: 'b c\n' },
  },
  { name: 'ARG without a name', dockerfile: 'FROM scratch\nARG =x\n', error: 'ARG names can not be blank' },
  {
    name: 'ARG without anything',
    dockerfile: 'FROM scratch\nARG\n',
    error: 'ARG requires at least one argument',
  },
  {
    name: 'ARGs are in the environment of RUN and not of the image',
    dockerfile: 'FROM busybox\nARG A=1\nRUN env | grep -q "^A=1$"\n',
    config: { Env: [path] },
  },
  {
    name: 'proxies need no ARG, and are not in the history',
    dockerfile: 'FROM busybox\nRUN echo $http_proxy$HTTPS_PROXY > /a\n',
    buildArgs: { http_proxy: 'one', HTTPS_PROXY: 'two' },
    text: { a: 'onetwo\n' },
    history: ['RUN /bin/sh -c echo $http_proxy$HTTPS_PROXY > /a # buildkit'],
  },
  {
    name: 'platforms: declared they are there, else not',
    dockerfile:
      'FROM busybox\nRUN echo "[$TARGETOS]" > /a\nARG TARGETPLATFORM TARGETOS TARGETARCH BUILDPLATFORM BUILDOS BUILDARCH\nRUN test "$TARGETPLATFORM" = "$TARGETOS/$TARGETARCH" && test "$BUILDPLATFORM" = "$BUILDOS/$BUILDARCH" && test "$TARGETOS" = linux\n',
    text: { a: '[]\n' },
    unlike: { classic: 'the old builder has no platform arguments' },
  },
  {
    name: 'the target stage by its name',
    dockerfile: 'FROM busybox AS one\nARG TARGETSTAGE\nRUN echo $TARGETSTAGE > /a\n',
    target: 'one',
    text: { a: 'one\n' },
    unlike: { classic: 'the old builder has no such argument' },
  },
  {
    name: 'every instruction that takes variables takes them',
    dockerfile:
      'FROM busybox\nENV d=/dir f=file p=80 u=app s=SIGINT\nWORKDIR $d\nCOPY $f $d/copied\nADD $f $d/added\nEXPOSE $p\nVOLUME $d/v\nUSER $u\nSTOPSIGNAL $s\nLABEL $f=$d\n',
    files: { file: 'x' },
    tree: { 'dir/copied': 'f 644 0:0', 'dir/added': 'f 644 0:0' },
    config: {
      WorkingDir: '/dir',
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/dir/v': {} },
      User: 'app',
      StopSignal: 'SIGINT',
      Labels: { file: '/dir' },
    },
  },
  {
    name: 'those that do not leave them alone',
    dockerfile: 'FROM busybox\nENV x=1\nCMD ["$x"]\nENTRYPOINT ["$x"]\nRUN ["touch", "/$x"]\n',
    tree: { $x: 'f 644 0:0' },
    config: { Cmd: ['$x'], Entrypoint: ['$x'] },
  },
  {
    name: 'SOURCE_DATE_EPOCH: an argument that bounds times',
    dockerfile:
      'FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo $SOURCE_DATE_EPOCH > /a\nRUN test "$(stat -c %Y /a)" = 1700000000\n',
    buildArgs: { SOURCE_DATE_EPOCH: '1700000000' },
    text: { a: '1700000000\n' },
    unlike: {
      classic: 'the old builder does not know it',
      buildkit: 'it bounds times only when an image is written out',
    },
  },
  {
    name: 'SOURCE_DATE_EPOCH that is no number',
    dockerfile: 'FROM scratch\n',
    buildArgs: { SOURCE_DATE_EPOCH: 'now' },
    error: 'invalid SOURCE_DATE_EPOCH: now',
    unlike: { classic: 'the old builder does not know it' },
  },
  {
    name: 'an argument that nothing declares is told of',
    dockerfile: 'FROM scratch\nLABEL a=b\n',
    buildArgs: { NOBODY: '1' },
    output: 'One or more build-args [NOBODY] were not consumed',
  },
];

// The corpus: instructions that change what the image says of itself, and its history.
import { type CorpusCase, path } from './case.ts';

const shellText = 'the old builder writes its history another way';

export const settingCases: CorpusCase[] = [
  {
    name: 'CMD for the shell',
    dockerfile: 'FROM scratch\nCMD echo "a  b" $c\n',
    config: { Cmd: ['/bin/sh', '-c', 'echo "a  b" $c'] },
  },
  {
    name: 'CMD as a list',
    dockerfile: 'FROM scratch\nCMD [ "a", "b c", "d\\"e" ]\n',
    config: { Cmd: ['a', 'b c', 'd"e'] },
  },
  {
    name: 'CMD: the last counts',
    dockerfile: 'FROM scratch\nCMD ["a"]\nCMD ["b"]\n',
    config: { Cmd: ['b'] },
  },
  {
    name: 'CMD with a list that is none is for the shell',
    dockerfile: "FROM scratch\nCMD ['a']\n",
    config: { Cmd: ['/bin/sh', '-c', "['a']"] },
  },
  {
    name: 'CMD with a list of numbers',
    dockerfile: 'FROM scratch\nCMD [1]\n',
    error: 'only arrays of strings',
    unlike: {
      classic: 'a list of numbers is for the shell there',
      buildkit: 'a list of numbers is for the shell there',
    },
  },
  {
    name: 'CMD without anything',
    dockerfile: 'FROM scratch\nCMD\n',
    config: { Cmd: ['/bin/sh', '-c', ''] },
    unlike: { classic: 'it refuses that' },
  },
  {
    name: 'ENTRYPOINT for the shell',
    dockerfile: 'FROM scratch\nENTRYPOINT exec top -b\n',
    config: { Entrypoint: ['/bin/sh', '-c', 'exec top -b'], Cmd: null },
  },
  {
    name: 'ENTRYPOINT as a list with CMD',
    dockerfile: 'FROM scratch\nENTRYPOINT ["top", "-b"]\nCMD ["-c"]\n',
    config: { Entrypoint: ['top', '-b'], Cmd: ['-c'] },
  },
  {
    name: 'ENTRYPOINT emptied',
    dockerfile: 'FROM busybox AS a\nENTRYPOINT ["x"]\nFROM a\nENTRYPOINT []\n',
    config: { Entrypoint: [] },
    unlike: { classic: 'null there', buildkit: 'null or empty there' },
  },
  {
    name: 'SHELL is the shell of what follows',
    dockerfile: 'FROM busybox\nSHELL ["/bin/sh", "-ec"]\nRUN false || echo "$0" > /a\nCMD x\nENTRYPOINT y\n',
    config: { Shell: ['/bin/sh', '-ec'], Cmd: ['/bin/sh', '-ec', 'x'], Entrypoint: ['/bin/sh', '-ec', 'y'] },
    tree: { a: 'f 644 0:0' },
  },
  {
    name: 'SHELL that is no list',
    dockerfile: 'FROM scratch\nSHELL /bin/sh\n',
    error: 'SHELL requires the arguments to be in JSON form',
  },
  {
    name: 'EXPOSE: ports, ranges, protocols, variables',
    dockerfile: 'FROM scratch\nENV p=9000\nEXPOSE 80 53/udp 8000-8002 $p/TCP\nEXPOSE 80\n',
    config: {
      ExposedPorts: {
        '80/tcp': {},
        '53/udp': {},
        '8000/tcp': {},
        '8001/tcp': {},
        '8002/tcp': {},
        '9000/tcp': {},
      },
    },
  },
  {
    name: 'EXPOSE: what a host would have is left out',
    dockerfile: 'FROM scratch\nEXPOSE 8080:80 127.0.0.1:1:2/udp\n',
    config: { ExposedPorts: { '80/tcp': {}, '2/udp': {} } },
    output: 'ExposeInvalidFormat',
  },
  {
    name: 'EXPOSE of no port',
    dockerfile: 'FROM scratch\nEXPOSE http\n',
    error: 'dockerfile parse error on line 2: invalid containerPort: http',
  },
  {
    name: 'EXPOSE of too high a port',
    dockerfile: 'FROM scratch\nEXPOSE 70000\n',
    error: 'invalid containerPort: 70000',
  },
  {
    name: 'EXPOSE of another protocol',
    dockerfile: 'FROM scratch\nEXPOSE 80/http\n',
    error: 'invalid proto: http',
  },
  {
    name: 'VOLUME as words and as a list',
    dockerfile: 'FROM scratch\nVOLUME /a /b\nVOLUME ["/c d"]\n',
    config: { Volumes: { '/a': {}, '/b': {}, '/c d': {} } },
  },
  {
    name: 'VOLUME of nothing',
    dockerfile: 'FROM scratch\nVOLUME [""]\n',
    error: 'VOLUME specified can not be an empty string',
  },
  {
    name: 'what is written below a VOLUME stays',
    dockerfile: 'FROM busybox\nRUN mkdir /v\nVOLUME /v\nRUN touch /v/a\n',
    tree: { 'v/a': 'f 644 0:0' },
    unlike: { classic: 'the old builder forgets it' },
  },
  {
    name: 'USER by name, with a group, by number',
    dockerfile:
      'FROM busybox\nUSER app\nRUN id -u > /tmp/a\nUSER app:staff\nRUN id -g > /tmp/b\nUSER 7:8\nRUN echo $(id -u):$(id -g) > /tmp/c\n',
    text: { 'tmp/a': '1000\n', 'tmp/b': '1001\n', 'tmp/c': '7:8\n' },
    config: { User: '7:8' },
  },
  {
    name: 'USER that is not there',
    dockerfile: 'FROM busybox\nUSER nobody-here\nRUN true\n',
    error: 'unable to find user nobody-here',
  },
  {
    name: 'WORKDIR: each on the one before',
    dockerfile: 'FROM busybox\nWORKDIR /a\nWORKDIR b\nWORKDIR ../c/./d\n',
    tree: { 'a/b': 'd 755 0:0', 'a/c/d': 'd 755 0:0' },
    config: { WorkingDir: '/a/c/d' },
  },
  {
    name: 'WORKDIR with a variable',
    dockerfile: 'FROM busybox\nENV DIR=/path\nWORKDIR $DIR/$NONE\nRUN pwd > /a\n',
    text: { a: '/path\n' },
  },
  {
    name: 'WORKDIR belongs to the user that is set',
    dockerfile: 'FROM busybox\nUSER app\nWORKDIR /x/y\n',
    tree: { x: 'd 755 1000:1001', 'x/y': 'd 755 1000:1001' },
    unlike: { classic: 'it belongs to root there' },
  },
  {
    name: 'WORKDIR that is a file',
    dockerfile: 'FROM busybox\nWORKDIR /etc/passwd\nRUN true\n',
    error: 'not a directory',
  },
  {
    name: 'STOPSIGNAL by name',
    dockerfile: 'FROM scratch\nSTOPSIGNAL SIGRTMIN+3\n',
    config: { StopSignal: 'SIGRTMIN+3' },
  },
  { name: 'STOPSIGNAL by number', dockerfile: 'FROM scratch\nSTOPSIGNAL 9\n', config: { StopSignal: '9' } },
  { name: 'STOPSIGNAL that is none', dockerfile: 'FROM scratch\nSTOPSIGNAL SIGNOPE\n', error: 'SIGNOPE' },
  {
    name: 'HEALTHCHECK with every flag',
    dockerfile:
      'FROM scratch\nHEALTHCHECK --interval=5m --timeout=3s --start-period=1s --start-interval=500ms --retries=2 CMD curl -f http://x/ || exit 1\n',
    config: {
      Healthcheck: {
        Test: ['CMD-SHELL', 'curl -f http://x/ || exit 1'],
        Interval: 300e9,
        Timeout: 3e9,
        StartPeriod: 1e9,
        StartInterval: 5e8,
        Retries: 2,
      },
    },
  },
  {
    name: 'HEALTHCHECK as a list',
    dockerfile: 'FROM scratch\nHEALTHCHECK CMD ["a", "b"]\n',
    config: { Healthcheck: { Test: ['CMD', 'a', 'b'] } },
  },
  {
    name: 'HEALTHCHECK of the base switched off',
    dockerfile: 'FROM busybox AS a\nHEALTHCHECK --retries=3 CMD x\nFROM a\nHEALTHCHECK NONE\n',
    config: { Healthcheck: { Test: ['NONE'] } },
    unlike: { classic: 'it keeps flags of the one before' },
  },
  {
    name: 'HEALTHCHECK: the last counts, with its own flags only',
    dockerfile: 'FROM scratch\nHEALTHCHECK --retries=3 CMD x\nHEALTHCHECK --timeout=1s CMD y\n',
    config: { Healthcheck: { Test: ['CMD-SHELL', 'y'], Timeout: 1e9 } },
    unlike: { classic: 'it keeps flags of the one before' },
  },
  {
    name: 'HEALTHCHECK of another kind',
    dockerfile: 'FROM scratch\nHEALTHCHECK HTTP x\n',
    error: 'Unknown type in HEALTHCHECK: HTTP',
  },
  {
    name: 'HEALTHCHECK without a command',
    dockerfile: 'FROM scratch\nHEALTHCHECK CMD\n',
    error: 'Missing command after HEALTHCHECK CMD',
  },
  {
    name: 'HEALTHCHECK with a wrong span',
    dockerfile: 'FROM scratch\nHEALTHCHECK --interval=soon CMD x\n',
    error: 'expected a duration',
  },
  {
    name: 'HEALTHCHECK with fewer retries than none',
    dockerfile: 'FROM scratch\nHEALTHCHECK --retries=-1 CMD true\n',
    error: '--retries cannot be negative (-1)',
  },
  {
    name: 'HEALTHCHECK NONE with more',
    dockerfile: 'FROM scratch\nHEALTHCHECK NONE x\n',
    error: 'HEALTHCHECK NONE takes no arguments',
  },
  {
    name: 'LABEL: pairs, quotes, lines, one set again',
    dockerfile:
      'FROM scratch\nLABEL "com.example.vendor"="ACME Inc" multi="a \\\nb" x=1\nLABEL x=2 y=\'single "quoted"\'\n',
    config: { Labels: { 'com.example.vendor': 'ACME Inc', multi: 'a b', x: '2', y: 'single "quoted"' } },
  },
  {
    name: 'LABEL in the old form',
    dockerfile: 'FROM scratch\nLABEL key the value\n',
    config: { Labels: { key: 'the value' } },
    output: 'LegacyKeyValueFormat',
  },
  {
    name: 'MAINTAINER is the author',
    dockerfile: 'FROM scratch\nMAINTAINER me <me@here>\n',
    image: { author: 'me <me@here>' },
    config: { Env: [path] },
  },
  {
    name: 'ONBUILD is kept, not run',
    dockerfile: 'FROM busybox\nONBUILD RUN touch /no\nONBUILD COPY a /a\n',
    config: { OnBuild: ['RUN touch /no', 'COPY a /a'] },
    tree: { no: null },
    history: [],
    unlike: { classic: shellText },
  },
  {
    name: 'ONBUILD runs first in a stage on it, and is gone',
    dockerfile:
      'FROM busybox AS a\nONBUILD RUN touch /b1\nONBUILD ENV T=1\nFROM a\nRUN test -e /b1 && test "$T" = 1\n',
    tree: { b1: 'f 644 0:0' },
    config: { Env: [path, 'T=1'] },
    unlike: { classic: 'triggers of stages differ there' },
  },
  {
    name: 'ONBUILD that would wait for what waits for it',
    dockerfile: 'FROM busybox AS a\nONBUILD COPY --from=c /etc/passwd /p\nFROM a AS b\nFROM b AS c\n',
    error: 'circular dependency detected on stage: b',
  },
  {
    name: 'ONBUILD from a stage that nothing else needs',
    dockerfile:
      'FROM busybox AS y\nRUN echo y > /y\nFROM y AS x\nRUN echo x > /x\nFROM busybox AS a\nONBUILD COPY --from=x /x /y /\nFROM a\n',
    text: { x: 'x\n', y: 'y\n' },
  },
  {
    name: 'ONBUILD with a here-document',
    dockerfile:
      'FROM busybox AS a\nONBUILD RUN <<EOF\ntouch /one\ntouch /two\nEOF\nONBUILD COPY <<-F /f\n\ttext\n\tF\nFROM a\n',
    tree: { one: 'f 644 0:0', two: 'f 644 0:0' },
    text: { f: 'text\n' },
    unlike: { classic: 'there are no here-documents' },
  },
  {
    name: 'ONBUILD ONBUILD',
    dockerfile: 'FROM scratch\nONBUILD ONBUILD RUN x\n',
    error: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
  },
  {
    name: 'ONBUILD FROM',
    dockerfile: 'FROM scratch\nONBUILD FROM x\n',
    error: "FROM isn't allowed as an ONBUILD trigger",
  },
  {
    name: 'ONBUILD MAINTAINER',
    dockerfile: 'FROM scratch\nONBUILD MAINTAINER x\n',
    error: "MAINTAINER isn't allowed as an ONBUILD trigger",
  },
  {
    name: 'the history of everything',
    dockerfile:
      'FROM busybox\nARG A=1\nARG B\nENV E=2 F="3 4"\nLABEL l=5\nWORKDIR /w\nUSER root\nRUN echo $A > /a\nCOPY a b/\nADD a /c\nEXPOSE 80\nVOLUME /v\nSTOPSIGNAL SIGINT\nSHELL ["/bin/sh", "-c"]\nHEALTHCHECK --interval=5s CMD true\nENTRYPOINT ["e"]\nCMD ["c", "d"]\n',
    files: { a: 'a' },
    history: [
      'ARG A=1',
      'ARG B',
      'ENV E=2 F=3 4',
      'LABEL l=5',
      'WORKDIR /w',
      'USER root',
      'RUN |2 A=1 B= /bin/sh -c echo $A > /a # buildkit',
      'COPY a b/ # buildkit',
      'ADD a /c # buildkit',
      'EXPOSE [80/tcp]',
      'VOLUME [/v]',
      'STOPSIGNAL SIGINT',
      'SHELL [/bin/sh -c]',
      'HEALTHCHECK {Test:[CMD-SHELL true] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}',
      'ENTRYPOINT ["e"]',
      'CMD ["c" "d"]',
    ],
    unlike: { classic: shellText },
  },
];

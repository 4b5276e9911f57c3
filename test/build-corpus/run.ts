// The corpus: RUN and its mounts.
import type { CorpusCase } from './case.ts';

export const runCases: CorpusCase[] = [
  {
    name: 'a bind mount of the context, read only, gone afterwards',
    dockerfile:
      'FROM busybox\nRUN --mount=type=bind,target=/in grep -q hi /in/file && ! touch /in/new && touch /ran\n',
    files: { file: 'hi' },
    tree: { ran: 'f 644 0:0', in: null },
  },
  {
    name: 'a bind mount without what .dockerignore leaves out',
    dockerfile: 'FROM busybox\nRUN --mount=target=/in test ! -e /in/secret && test -e /in/file\n',
    files: { file: 'hi', secret: 's', '.dockerignore': 'secret\n' },
    tree: { in: null },
  },
  {
    name: 'a bind mount of one file',
    dockerfile: 'FROM busybox\nRUN --mount=type=bind,source=sub/file,target=/tmp/f cp /tmp/f /copy\n',
    files: { 'sub/file': 'hi' },
    tree: { copy: 'f 644 0:0', 'tmp/f': null },
  },
  {
    name: 'what is written to one file of a stage is forgotten',
    dockerfile:
      'FROM busybox AS one\nRUN echo 1 > /made\nFROM busybox\nRUN --mount=from=one,source=/made,target=/m,rw echo 2 > /m && cp /m /b\nCOPY --from=one /made /a\n',
    text: { a: '1\n', b: '2\n' },
  },
  {
    name: 'a variable for the type of a mount, and its sharing in capitals',
    dockerfile:
      'FROM busybox\nARG T=cache\nENV I=by-variable\nRUN --mount=type=$T,id=$I,target=/c touch /c/x\nRUN --mount=type=cache,id=by-variable,target=/d,sharing=LOCKED test -e /d/x && touch /ok\n',
    tree: { ok: 'f 644 0:0', c: null, d: null },
  },
  {
    name: 'a variable for where a mount comes from',
    dockerfile: 'FROM busybox\nARG F=x\nRUN --mount=from=$F,target=/m true\n',
    error: "'from' doesn't support variable expansion",
  },
  {
    name: 'a wrong mount is told with its column',
    dockerfile: 'FROM busybox\nRUN --network=none --mount=type=bind,targt=/x true\n',
    error: 'Dockerfile:2:20: expected type',
  },
  {
    name: 'a secret by its source',
    dockerfile: 'FROM busybox\nRUN --mount=type=secret,source=key,target=/k grep -q hush /k && touch /ok\n',
    secrets: { key: 'hush' },
    tree: { ok: 'f 644 0:0', k: null },
  },
  {
    name: 'the groups of a user',
    dockerfile:
      'FROM busybox\nUSER app\nRUN id > /tmp/a\nUSER app:root\nRUN id > /tmp/b\nUSER 77:88\nRUN grep Groups: /proc/self/status > /tmp/c\n',
    text: {
      'tmp/a': 'uid=1000(app) gid=1001(staff) groups=1001(staff)\n',
      'tmp/b': 'uid=1000(app) gid=0(root) groups=0(root)\n',
      'tmp/c': 'Groups:\t88 \n',
    },
    unlike: { classic: 'not in that of dockerd 28.5' },
  },
  {
    name: 'what is written to a bind mount is forgotten',
    dockerfile:
      'FROM busybox\nRUN --mount=target=/in,rw touch /in/new && test -e /in/new\nRUN --mount=target=/in test ! -e /in/new\n',
    files: { file: 'hi' },
    tree: { in: null },
  },
  {
    name: 'a bind mount of a stage',
    dockerfile:
      'FROM busybox AS one\nRUN echo 1 > /made\nFROM busybox\nRUN --mount=from=one,source=/made,target=/made cp /made /kept\n',
    tree: { kept: 'f 644 0:0', made: null },
  },
  {
    name: 'a bind mount of a named context',
    dockerfile: 'FROM busybox\nRUN --mount=from=lib,target=/lib2 cp /lib2/x /x\n',
    contexts: { lib: { x: 'x' } },
    tree: { x: 'f 644 0:0', lib2: null },
  },
  {
    name: 'a cache mount is kept between steps and not in the image',
    dockerfile:
      'FROM busybox\nRUN --mount=type=cache,target=/c echo 1 > /c/x\nRUN --mount=type=cache,target=/c,sharing=locked grep 1 /c/x && touch /ok\n',
    tree: { ok: 'f 644 0:0', c: null },
  },
  {
    name: 'a cache mount by id, with owner and mode, filled from a stage',
    dockerfile:
      'FROM busybox AS seed\nRUN mkdir /s && echo seed > /s/f\nFROM busybox\nRUN --mount=type=cache,id=seeded,target=/c,from=seed,source=/s,uid=1000,mode=0700 grep seed /c/f && test "$(stat -c %a:%u /c)" = 700:1000\n',
    tree: { c: null },
    unlike: { buildkit: 'the folder is as in the stage there' },
  },
  {
    name: 'a tmpfs mount',
    dockerfile:
      'FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m touch /t/x && grep " /t tmpfs" /proc/mounts\n',
    tree: { t: null },
  },
  {
    name: 'a secret as a file',
    dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=key test "$(cat /run/secrets/key)" = hush && test "$(stat -c %a /run/secrets/key)" = 400\n',
    secrets: { key: 'hush' },
    tree: { 'run/secrets': null, run: null },
  },
  {
    name: 'a secret elsewhere, with owner and mode',
    dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=key,target=/root/.k,uid=1000,gid=1001,mode=0440 test "$(stat -c %a:%u:%g /root/.k)" = 440:1000:1001\n',
    secrets: { key: 'hush' },
    tree: { 'root/.k': null },
  },
  {
    name: 'a secret as a variable',
    dockerfile:
      'FROM busybox\nRUN --mount=type=secret,id=key,env=KEY test "$KEY" = hush && test ! -e /run/secrets/key\n',
    secrets: { key: 'hush' },
    tree: {},
  },
  {
    name: 'a secret that is not there and need not be',
    dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=nope test ! -e /run/secrets/nope\n',
    tree: {},
  },
  {
    name: 'a secret that must be there',
    dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=nope,required true\n',
    error: 'secret nope: not found',
  },
  {
    name: 'an agent that must be there',
    dockerfile: 'FROM busybox\nRUN --mount=type=ssh,required true\n',
    error: 'forwarded from the client',
  },
  {
    name: 'an unknown type',
    dockerfile: 'FROM busybox\nRUN --mount=type=chache,target=/x true\n',
    error: 'did you mean cache',
  },
  {
    name: 'an unknown key',
    dockerfile: 'FROM busybox\nRUN --mount=type=cache,targt=/x true\n',
    error: 'did you mean target',
  },
  { name: 'no target', dockerfile: 'FROM busybox\nRUN --mount=type=cache true\n', error: 'needs a target' },
  {
    name: 'variables in a mount',
    dockerfile: 'FROM busybox\nARG D=/v\nRUN --mount=type=tmpfs,target=$D grep " /v tmpfs" /proc/mounts\n',
    tree: { v: null },
  },
  {
    name: 'a step that may do nothing special',
    dockerfile: 'FROM busybox\nRUN --security=insecure true\n',
    error: 'RUN --security=insecure is not allowed',
  },
  {
    name: 'a step that may do everything',
    dockerfile:
      'FROM busybox\nRUN --security=insecure grep -q "CapEff:.*ff" /proc/self/status && test -e /dev/kmsg\n',
    allow: ['security.insecure'],
    tree: {},
  },
  {
    name: 'the network of the host is not for everybody',
    dockerfile: 'FROM busybox\nRUN --network=host true\n',
    error: 'RUN --network=host is not allowed',
  },
  {
    name: 'a device that is not there and need not be',
    dockerfile: 'FROM busybox\nRUN --device=vendor.example/class=x touch /a\n',
    tree: { a: 'f 644 0:0' },
    output: 'Optional device "vendor.example/class=x" is not registered',
    unlike: { classic: 'it has no flags', buildkit: 'the flag is of its labs' },
  },
  {
    name: 'a device that must be there',
    dockerfile: 'FROM busybox\nRUN --device=name=vendor.example/class=x,required true\n',
    error: 'required device "vendor.example/class=x" is not registered',
  },
  {
    name: 'a device with a field that is none',
    dockerfile: 'FROM busybox\nRUN --device=vendor.example/class=x,requird=1 true\n',
    error: "unexpected key 'requird' in 'requird=1' (did you mean required?)",
  },
  {
    name: 'an unknown network',
    dockerfile: 'FROM busybox\nRUN --network=hots true\n',
    error: 'did you mean host',
  },
  {
    name: 'here-document by the shell',
    dockerfile: 'FROM busybox\nRUN <<EOF\nset -e\necho 1 > /a\necho 2 > /b\nEOF\n',
    tree: { a: 'f 644 0:0', b: 'f 644 0:0' },
  },
  {
    name: 'here-document given to a program, and two of them',
    dockerfile: 'FROM busybox\nRUN cat <<A > /a && cat <<B > /b\n1\nA\n2\nB\nRUN grep 1 /a && grep 2 /b\n',
    tree: { a: 'f 644 0:0' },
  },
  {
    name: 'here-document with its own interpreter',
    dockerfile: 'FROM busybox\nRUN <<EOF\n#!/bin/sh -e\necho "$0" > /a\nEOF\n',
    text: { a: '/dev/pipes/EOF\n' },
  },
  {
    name: 'here-documents in the history',
    dockerfile:
      "FROM busybox\nRUN cat <<-EOF > /o\n\tx\n\t\ty\n  EOF\n\tEOF\nRUN cat <<'E' | cat > /p\n$A\nE\nRUN <<EOF\necho a\nEOF\n",
    text: { o: 'x\ny\n  EOF\n', p: '$A\n' },
    history: [
      'RUN /bin/sh -c cat <<-EOF > /o\n\tx\n\t\ty\n  EOF\nEOF # buildkit',
      "RUN /bin/sh -c cat <<'E' | cat > /p\n$A\nE # buildkit",
      'RUN /bin/sh -c echo a\n # buildkit',
    ],
  },
];

// The corpus: lines, comments, directives, here-documents, and what is refused with its place.
import { type CorpusCase, path } from './case.ts';

const noHeredocs = 'there are no here-documents';

export const syntaxCases: CorpusCase[] = [
  {
    name: 'small letters',
    dockerfile: 'from busybox\nrun touch /a\nenv b=c\n',
    tree: { a: 'f 644 0:0' },
    config: { Env: [path, 'b=c'] },
  },
  {
    name: 'comments, blanks before them and between continued lines',
    dockerfile: '# one\n  # two\nFROM busybox\nRUN echo hello \\\n# three\n  # four\n world > /a\n',
    text: { a: 'hello world\n' },
  },
  {
    name: 'a # that is no comment',
    dockerfile: 'FROM busybox\nRUN echo a # b > /c\nRUN echo "#" > /d\n',
    tree: { c: null },
    text: { d: '#\n' },
  },
  {
    name: 'an empty line between continued ones',
    dockerfile: 'FROM busybox\nRUN echo a \\\n\n b > /a\n',
    text: { a: 'a b\n' },
    output: 'NoEmptyContinuation',
  },
  {
    name: 'a backslash at the very end',
    dockerfile: 'FROM busybox\nRUN touch /a \\',
    tree: { a: 'f 644 0:0' },
  },
  {
    name: 'line ends of Windows',
    dockerfile: 'FROM busybox\r\nENV a=b\r\nRUN touch /a \\\r\n  /b\r\n',
    tree: { a: 'f 644 0:0', b: 'f 644 0:0' },
    config: { Env: [path, 'a=b'] },
  },
  {
    name: 'a byte order mark',
    dockerfile: '\uFEFFFROM scratch\nLABEL a=b\n',
    config: { Labels: { a: 'b' } },
  },
  {
    name: 'escape by a backtick',
    dockerfile: '# escape=`\nFROM scratch\nLABEL a=C:\\dir b=x `\n  c=y d=a` b\n',
    config: { Labels: { a: 'C:\\dir', b: 'x', c: 'y', d: 'a b' } },
  },
  {
    name: 'escape after another comment is a comment',
    dockerfile: '# hello\n# escape=`\nFROM scratch\nLABEL a=b \\\n  c=d\n',
    config: { Labels: { a: 'b', c: 'd' } },
  },
  {
    name: 'directives in any case, with blanks',
    dockerfile: '#ESCAPE = \\\n# Check = skip=all\nFROM scratch\nLABEL a b\n',
    config: { Labels: { a: 'b' } },
  },
  {
    name: 'an unknown directive ends them',
    dockerfile: '# unknown=x\n# escape=`\nFROM scratch\nLABEL a=`b\n',
    config: { Labels: { a: '`b' } },
  },
  {
    name: 'a directive twice',
    dockerfile: '# escape=\\\n# escape=`\nFROM scratch\n',
    error: 'only one escape parser directive can be used Dockerfile:2:1',
  },
  {
    name: 'escape by something else',
    dockerfile: '# escape=x\nFROM scratch\n',
    error: "invalid ESCAPE 'x'. Must be ` or \\",
  },
  {
    name: 'a syntax is taken as read',
    dockerfile: '# syntax=docker/dockerfile:1\nFROM scratch\nLABEL a=b\n',
    config: { Labels: { a: 'b' } },
    unlike: { buildkit: 'it would be pulled' },
  },
  {
    name: 'check=skip',
    dockerfile: '# check=skip=MaintainerDeprecated;error=true\nFROM scratch\nMAINTAINER me\n',
    image: { author: 'me' },
  },
  {
    name: 'check=error',
    dockerfile: '# check=error=true\nFROM scratch\nMAINTAINER me\n',
    error: 'lint violation found for rules: MaintainerDeprecated',
    unlike: { classic: 'there are no checks' },
  },
  {
    name: 'a wrong check',
    dockerfile: '# check=skp=x\nFROM scratch\n',
    error: 'invalid check option "skp" (did you mean skip?) Dockerfile:1:1',
    unlike: { classic: 'there are no checks' },
  },
  { name: 'nothing', dockerfile: '', error: 'file with no instructions' },
  { name: 'comments only', dockerfile: '# a\n\n# b\n', error: 'Dockerfile:1:1: expected FROM image' },
  { name: 'ARG only', dockerfile: 'ARG a\n', error: 'no build stage in current context' },
  {
    name: 'RUN before FROM',
    dockerfile: 'ARG a\nRUN x\nFROM scratch\n',
    error: 'dockerfile parse error on line 2: no build stage in current context',
  },
  {
    name: 'an instruction that is none',
    dockerfile: 'FROM scratch\n\nCOPPY a b\n',
    error: 'dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?) Dockerfile:3:1',
  },
  {
    name: 'the column within a continued line',
    dockerfile: 'FROM scratch\nLABEL a=b \\\n   c\n',
    error: 'Dockerfile:3:4: expected name=value',
  },
  {
    name: 'a flag that is none',
    dockerfile: 'FROM scratch\nCOPY --form=x a b\n',
    error: 'unknown flag: --form (did you mean --from?) Dockerfile:2:6',
  },
  {
    name: 'a flag where there are none',
    dockerfile: 'FROM scratch\nENV --x=y a=b\n',
    error: 'unknown flag: --x Dockerfile:2:5: expected no flags for ENV',
  },
  {
    name: 'a flag twice',
    dockerfile: 'FROM scratch\nCOPY --chown=1 --chown=2 a b\n',
    error: 'duplicate flag specified: --chown',
  },
  {
    name: 'a flag without its value',
    dockerfile: 'FROM scratch\nCOPY --from a b\n',
    error: 'missing a value on flag: --from',
  },
  {
    name: 'RUN without a command',
    dockerfile: 'FROM scratch\nRUN\n',
    error: 'RUN requires at least one argument',
  },
  {
    name: 'COPY without a destination',
    dockerfile: 'FROM scratch\nCOPY a\n',
    error: 'COPY requires at least two arguments, but only one was provided',
  },
  {
    name: 'COPY without anything',
    dockerfile: 'FROM scratch\nCOPY\n',
    error: 'COPY requires at least two arguments, but none was provided',
  },
  {
    name: 'USER without a user',
    dockerfile: 'FROM scratch\nUSER\n',
    error: 'USER requires exactly one argument',
  },
  {
    name: 'WORKDIR without a path',
    dockerfile: 'FROM scratch\nWORKDIR\n',
    error: 'WORKDIR requires exactly one argument',
  },
  {
    name: 'EXPOSE without a port',
    dockerfile: 'FROM scratch\nEXPOSE\n',
    error: 'EXPOSE requires at least one argument',
  },
  {
    name: 'an open quote',
    dockerfile: 'FROM scratch\nLABEL a="b\n',
    error: 'unexpected end of statement while looking for matching double-quote',
  },
  {
    name: 'an open single quote',
    dockerfile: "FROM scratch\nLABEL a='b\n",
    error: 'unexpected end of statement while looking for matching single-quote',
  },
  {
    name: 'a here-document for the shell',
    dockerfile: 'FROM busybox\nRUN <<EOF\necho a > /a\necho b >> /a\nEOF\n',
    text: { a: 'a\nb\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'a here-document that the shell expands',
    dockerfile: 'FROM busybox\nENV x=1\nRUN <<EOF\necho $x > /a\nEOF\n',
    text: { a: '1\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'a here-document given to a command',
    dockerfile: 'FROM busybox\nRUN cat > /a <<EOF\none\ntwo\nEOF\n',
    text: { a: 'one\ntwo\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'two here-documents and a pipe',
    dockerfile: 'FROM busybox\nRUN cat <<A > /a && sort <<B > /b\nx\nA\nz\ny\nB\n',
    text: { a: 'x\n', b: 'y\nz\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'a here-document with a program of its own',
    dockerfile: 'FROM busybox\nRUN <<EOF\n#!/bin/sh -e\necho me > /a\nEOF\n',
    text: { a: 'me\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'COPY of here-documents: expanded and raw',
    dockerfile: 'FROM scratch\nENV x=1\nCOPY <<A <<"B" /d/\n$x ${x} \\$x\nA\n$x\nB\n',
    text: { 'd/A': '1 1 $x\n', 'd/B': '$x\n' },
    tree: { 'd/A': 'f 644 0:0' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'COPY of a here-document with tabs taken off',
    dockerfile: 'FROM scratch\nCOPY <<-A /a\n\t\tone\n\ttwo\n\tA\n',
    text: { a: 'one\ntwo\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'COPY of a here-document and a file',
    dockerfile: 'FROM scratch\nCOPY <<A file /d/\nx\nA\n',
    files: { file: 'f' },
    text: { 'd/A': 'x\n', 'd/file': 'f' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'ADD of a here-document',
    dockerfile: 'FROM scratch\nADD <<A /a\nx\nA\n',
    text: { a: 'x\n' },
    unlike: { classic: noHeredocs },
  },
  {
    name: 'a here-document that does not end',
    dockerfile: 'FROM scratch\nCOPY <<A /a\nx\n',
    error: 'unterminated heredoc: A Dockerfile:2:1: expected a line A',
    unlike: { classic: noHeredocs },
  },
];

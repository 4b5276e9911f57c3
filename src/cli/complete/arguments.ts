// What the arguments and the flags' values of commands name, for completion.
import type { Thing } from './lookup.ts';

/** What a word may name: things that the engine has, files, or one of a few fixed words. */
export type Kind = Thing | 'any' | 'command' | 'file' | 'none' | readonly string[];

/** The kinds of a command's arguments in turn. With `more`, any number of the last kind; else nothing known. */
export interface Arguments {
  kinds: readonly Kind[];
  more?: boolean;
}

const each = (...kinds: Kind[]): Arguments => ({ kinds, more: true });
const just = (...kinds: Kind[]): Arguments => ({ kinds });

/** By the name that the catalog gives a command. Commands that are absent take no arguments that we know. */
export const argumentsOf: Readonly<Record<string, Arguments>> = {
  run: just('image'),
  create: just('image'),
  start: each('stopped'),
  stop: each('running'),
  restart: each('container'),
  kill: each('running'),
  pause: each('running'),
  unpause: each('paused'),
  wait: each('running'),
  rm: each('container'),
  rename: just('container'),
  update: each('container'),
  logs: just('container'),
  exec: just('running'),
  attach: just('running'),
  inspect: each('any'),
  'container inspect': each('container'),
  top: just('running'),
  stats: each('running'),
  port: just('container'),
  cp: each('file'),
  diff: just('container'),
  commit: just('container', 'image'),
  export: just('container'),
  build: just('file'),
  images: just('image'),
  pull: just('image'),
  push: just('image'),
  tag: just('image', 'image'),
  rmi: each('image'),
  history: just('image'),
  save: each('image'),
  import: just('file'),
  'image inspect': each('image'),
  'network inspect': each('network'),
  'network rm': each('network'),
  'network connect': just('network', 'container'),
  'network disconnect': just('network', 'container'),
  'volume inspect': each('volume'),
  'volume rm': each('volume'),
  'volume browse': just('volume'),
  'volume clone': just('volume'),
  'volume export': just('volume'),
  'volume import': just('volume', 'file'),
  'volume rename': just('volume'),
  'context use': just('context'),
  'context rm': each('context'),
  'context inspect': each('context'),
  'context update': just('context'),
  'context export': just('context', 'file'),
  'context import': just('none', 'file'),
  completion: just(['bash', 'fish', 'zsh']),
  help: just('command'),
};

/** By the flag's long name, whatever the command. Values of other flags are not known; of files they may be. */
export const flagKinds: Readonly<Record<string, Kind>> = {
  network: 'network',
  'volumes-from': 'container',
  link: 'container',
  context: 'context',
  from: 'context',
  volume: 'volume',
  pull: ['always', 'missing', 'never'],
  restart: ['no', 'on-failure', 'always', 'unless-stopped'],
  progress: ['auto', 'plain'],
  'log-driver': ['json-file', 'local', 'none', 'journald', 'syslog'],
  type: ['container', 'image', 'network', 'volume'],
  signal: ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'],
  'stop-signal': ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'],
  cgroupns: ['host', 'private'],
  userns: ['host'],
  pid: ['host'],
  uts: ['host'],
  ipc: ['host', 'none', 'private', 'shareable'],
  platform: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  driver: ['bridge', 'local'],
  file: 'file',
  'env-file': 'file',
  'label-file': 'file',
  cidfile: 'file',
  iidfile: 'file',
  output: 'file',
  input: 'file',
  config: 'file',
  root: 'file',
  run: 'file',
  'config-file': 'file',
  pidfile: 'file',
  tlscacert: 'file',
  tlscert: 'file',
  tlskey: 'file',
  secret: 'none',
};

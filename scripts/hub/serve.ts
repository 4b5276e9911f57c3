// Serves a Hub until a signal comes: `serve.ts ROOT ADDR [OPTIONS AS JSON]`. Prints its URL as the first line.
import { serveHub } from '../../src/hub/serve.ts';

const [root, addr = '127.0.0.1:0', options = '{}'] = process.argv.slice(2);
if (root === undefined) throw new Error('usage: serve.ts ROOT [ADDR [OPTIONS]]');

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
await using hub = await serveHub({
  root,
  addr,
  signal: ended.signal,
  onLog: (line) => console.error(line),
  ...JSON.parse(options),
});
console.log(hub.url);
await new Promise((resolve) => {
  if (ended.signal.aborted) resolve(undefined);
  ended.signal.addEventListener('abort', resolve);
});

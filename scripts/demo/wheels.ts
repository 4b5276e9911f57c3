// Where PyPI does not answer: the wheels that the host's pip can get, served to a build as a package index (PEP 503).
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Always the same, so that a later build with the same index finds its steps in the cache. */
const indexPort = 3141;

export interface WheelIndex extends AsyncDisposable {
  /** What pip takes as `--index-url`. */
  url: string;
  host: string;
}

/** Has the host's pip collect what `requirements` needs on CPython 3.11 into `folder`. */
export async function collectWheels(requirements: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const target = ['--only-binary=:all:', '--implementation=cp', '--python-version=3.11'];
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  for (const glibc of ['manylinux2014', 'manylinux_2_17', 'manylinux_2_28'])
    target.push(`--platform=${glibc}_${machine}`);
  const args = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--retries=0',
    '--dest',
    folder,
    '-r',
    requirements,
    ...target,
  ];
  await execute('python3', args, { maxBuffer: 1 << 24 });
}

/** Serves the wheels of `folder` at `host` until disposed of. */
export async function serveWheels(folder: string, host: string): Promise<WheelIndex> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  const server = createServer((request, response) => {
    const parts = (request.url ?? '/').split('/').filter(Boolean);
    const file = files.find((name) => name === parts[2]);
    if (parts[0] !== 'simple' || parts.length > 3 || (parts.length === 3 && file === undefined)) {
      response.writeHead(404).end();
    } else if (file !== undefined) {
      createReadStream(join(folder, file)).pipe(
        response.writeHead(200, { 'content-type': 'application/zip' }),
      );
    } else {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page(files, parts[1]));
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(indexPort, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address to serve wheels at');
  return {
    url: `http://${host}:${address.port}/simple/`,
    host,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** PEP 503: names compare in lower case with runs of `-`, `_` and `.` as one `-`. */
function normalised(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function page(files: string[], project: string | undefined): string {
  const nameOf = (file: string) => normalised(file.split('-')[0] ?? '');
  const links =
    project === undefined
      ? [...new Set(files.map(nameOf))].map((name) => `<a href="/simple/${name}/">${name}</a>`)
      : files
          .filter((file) => nameOf(file) === normalised(project))
          .map((file) => `<a href="/simple/${nameOf(file)}/${file}">${file}</a>`);
  return `<!DOCTYPE html><html><body>${links.join('<br>')}</body></html>`;
}

// Completion in the shells themselves: a person types half a name and the tab key in bash, zsh and fish, and what the
// shell then runs is heard by an engine of the test's own making.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { wharfProgram as wharf } from '../wharf-program.ts';

const tools = fileURLToPath(new URL('../../.cache/tools', import.meta.url));
const zshParts = join(tools, 'usr/lib/x86_64-linux-gnu/zsh/5.9');

/** The program of a shell: that of the machine, or the one that setup unpacked. */
function programOf(shell: string): string | undefined {
  const places = ['/usr/bin', '/bin', join(tools, 'bin'), join(tools, 'usr/bin')];
  return places.map((place) => join(place, shell)).find((path) => existsSync(path));
}

const answers: Record<string, unknown> = {
  '/containers/json': [{ Id: 'a'.repeat(64), Names: ['/web'], Image: 'app', State: 'running', Labels: {} }],
  '/images/json': [{ Id: `sha256:${'b'.repeat(64)}`, RepoTags: ['busybox:1.36'], Created: 0, Size: 0 }],
  '/networks': [{ Id: 'c'.repeat(64), Name: 'backend', Driver: 'bridge', Scope: 'local', Labels: {} }],
  '/volumes': { Volumes: [{ Name: 'database', Driver: 'local', Labels: {} }] },
};

/** What is typed, and the request that comes of it. */
const typed: [string, string][] = [
  ['wharf stop we', 'POST /containers/web/stop'],
  ['wharf run --rm --network back', 'POST /containers/create'],
  ['wharf image rm busy', 'DELETE /images/busybox:1.36'],
  ['wharf rmi busybox:1', 'DELETE /images/busybox:1.36'],
  ['wharf network rm back', 'DELETE /networks/backend'],
  ['wharf volume rm data', 'DELETE /volumes/database'],
  ['wharf unpau', 'POST /containers/web/unpause'],
];
/** What is typed after the tab, where more is wanted. */
const more: Record<string, string> = {
  'wharf run --rm --network back': ' busybox true',
  'wharf unpau': ' web',
};

describe('completion in a shell', { timeout: 175_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-shells-'));
  const heard: string[] = [];
  let server: Server;

  before(async () => {
    symlinkSync(wharf, join(dir, 'wharf'));
    server = createServer((request, response) => {
      response.setHeader('Api-Version', '1.51');
      const path = decodeURIComponent((request.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*/, ''));
      if (request.method !== 'GET') heard.push(`${request.method} ${path}`);
      const made = request.method === 'POST' && path.endsWith('/create');
      if (made) response.writeHead(409).end(JSON.stringify({ message: 'no' }));
      else response.end(JSON.stringify(answers[path] ?? []));
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 's'), resolve));
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout, status } = spawnSync(wharf, ['completion', shell], { encoding: 'utf8' });
      assert.equal(status, 0);
      writeFileSync(join(dir, `complete.${shell}`), stdout);
    }
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const starts: Record<string, (program: string) => string> = {
    bash(program) {
      writeFileSync(join(dir, 'bashrc'), `PS1='ready> '\nsource ${dir}/complete.bash\n`);
      return `${program} --noprofile --rcfile ${dir}/bashrc -i`;
    },
    zsh(program) {
      const ours = `module_path=(${zshParts})\nfpath=(${tools}/usr/share/zsh/functions/**/*(/N) $fpath)\n`;
      const text = `${program.startsWith(tools) ? ours : ''}PS1='ready> '\nautoload -Uz compinit\ncompinit -D -u\nsource ${dir}/complete.zsh\n`;
      writeFileSync(join(dir, '.zshrc'), text);
      return `env ZDOTDIR=${dir} ${program} -i`;
    },
    fish(program) {
      const ours = program.startsWith(tools)
        ? `set fish_function_path ${tools}/usr/share/fish/functions; `
        : '';
      return `${program} --no-config -i -C "${ours}function fish_prompt; echo 'ready> '; end; source ${dir}/complete.fish"`;
    },
  };

  for (const [shell, start] of Object.entries(starts)) {
    const program = programOf(shell);
    const skip = program === undefined ? `${shell} is neither installed nor unpacked by setup` : false;
    if (skip !== false) console.log(`skipped: ${skip}`);
    it(`${shell} completes commands and the names of things`, { skip }, async () => {
      const env = {
        ...process.env,
        HOME: dir,
        PATH: `${dir}:${process.env['PATH']}`,
        LD_LIBRARY_PATH: join(tools, 'usr/lib/x86_64-linux-gnu'),
        WHARF_HOST: `unix://${join(dir, 's')}`,
        DOCKER_CONFIG: dir,
        TERM: 'xterm',
        NODE_TEST_CONTEXT: undefined,
      };
      const line = `stty cols 120 rows 30; exec ${start(program ?? '')}`;
      writeFileSync(join(dir, 'start'), line);
      const terminal = spawn('script', ['-qec', `sh ${dir}/start`, '/dev/null'], { env });
      const ended = once(terminal, 'close');
      let said = '';
      terminal.stdout.on('data', (piece) => {
        said += piece;
      });
      const until = async (what: string, isSo: () => boolean) => {
        for (let left = 600; !isSo() && left > 0; left -= 1) await sleep(50);
        assert.ok(isSo(), `${what} did not come; the terminal shows ${JSON.stringify(said.slice(-1500))}`);
      };
      try {
        for (const [words, request] of typed) {
          await until('a prompt', () => said.includes('ready> '));
          said = '';
          heard.length = 0;
          terminal.stdin.write(`${words}\t${more[words] ?? ''}\r`);
          await until(`${request} after ${words}<tab>`, () => heard.includes(request));
        }
      } finally {
        terminal.stdin.end('\x04exit\r');
        terminal.kill('SIGHUP');
        await ended;
      }
    });
  }
});

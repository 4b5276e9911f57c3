// A real browser for the Hub's pages: Debian's headless Chromium, driven over the DevTools protocol through two pipes.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const checkout = join(import.meta.dirname, '../..');
const unpacked = join(checkout, '.cache/browser');

const fontPlaces = ['/usr/share/fonts', join(unpacked, 'usr/share/fonts')];
const alias = (family: string, font: string) =>
  `<alias binding="same"><family>${family}</family><prefer><family>${font}</family></prefer></alias>`;
const fontsConf = `<fontconfig>${fontPlaces.map((dir) => `<dir>${dir}</dir>`).join('')}${[
  alias('system-ui', 'DejaVu Sans'),
  alias('sans-serif', 'DejaVu Sans'),
  alias('monospace', 'DejaVu Sans Mono'),
].join('')}</fontconfig>`;
const libraryPlaces = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((name) => {
  const folder = join(unpacked, 'usr/lib', name);
  return [folder, join(folder, 'pulseaudio')];
});

/** The browser's program; unpacked from Debian's packages at the first need, unless the machine has one. */
export function browserProgram(): string {
  for (const installed of ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'])
    if (existsSync(installed)) return installed;
  const program = join(unpacked, 'usr/lib/chromium/chromium-headless-shell');
  if (!existsSync(program)) {
    const packages = ['chromium-headless-shell', 'fonts-dejavu-core'];
    execFileSync('sh', ['scripts/unpack-with-missing.sh', unpacked, ...packages], { cwd: checkout });
  }
  return program;
}

const patienceMs = 60_000;

type Json = Record<string, unknown>;

interface Waiting {
  resolve(value: Json): void;
  reject(thrown: Error): void;
}

export interface View {
  width: number;
  height: number;
  mobile: boolean;
}

/** One page of one browser. Disposing of it ends the browser. */
export class Browser implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #input: Writable;
  #waiting = new Map<number, Waiting>();
  #events: { method: string; resolve(): void }[] = [];
  #session: string | undefined;
  #count = 0;
  /** What pages wrote to their console, and what they threw. */
  readonly complaints: string[] = [];

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'wharf-browser-'));
    const args = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--remote-debugging-pipe',
    ];
    const fonts = join(this.#profile, 'fonts.conf');
    writeFileSync(fonts, fontsConf);
    this.#child = spawn(program, [...args, `--user-data-dir=${this.#profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.#profile,
        FONTCONFIG_FILE: fonts,
        LD_LIBRARY_PATH: libraryPlaces.join(':'),
      },
    });
    this.#input = this.#child.stdio[3] as Writable;
    this.#input.on('error', () => {});
    this.#listen(this.#child.stdio[4] as Readable);
    this.#child.once('exit', (code) => this.#fail(new Error(`the browser ended with code ${code}`)));
  }

  static async start(): Promise<Browser> {
    const browser = new Browser(browserProgram());
    const { targetInfos } = await browser.#send('Target.getTargets');
    const targets = targetInfos as { targetId: string; type: string }[];
    const targetId = targets.find(({ type }) => type === 'page')?.targetId;
    const { sessionId } = await browser.#send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = String(sessionId);
    for (const domain of ['Page', 'Runtime', 'Log']) await browser.#send(`${domain}.enable`);
    return browser;
  }

  /** The page at `url` is there, with all it loads. */
  async open(url: string): Promise<void> {
    const loaded = this.#event('Page.loadEventFired');
    const { errorText } = await this.#send('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  async view({ width, height, mobile }: View): Promise<void> {
    const metrics = { width, height, mobile, deviceScaleFactor: mobile ? 2 : 1 };
    await this.#send('Emulation.setDeviceMetricsOverride', metrics);
    await this.#send('Emulation.setTouchEmulationEnabled', { enabled: mobile });
  }

  /** The value of an expression in the page; a promise is waited for. */
  async ask<T>(expression: string): Promise<T> {
    const asked = { expression, returnByValue: true, awaitPromise: true, userGesture: true };
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', asked);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Clicks, as a person would, in the middle of the first element that the selector finds; waits for the page it leads to. */
  async click(selector: string, { leads = false } = {}): Promise<void> {
    const loaded = leads ? this.#event('Page.loadEventFired') : undefined;
    const [x, y] = await this.ask<[number, number]>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'center' });
      const box = element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    })()`);
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    await loaded;
  }

  /** Types into what has the focus, then presses Enter where that leads somewhere. */
  async type(text: string, { leads = false } = {}): Promise<void> {
    await this.#send('Input.insertText', { text });
    if (leads) await this.press('Enter', '\r', { leads });
  }

  async press(key: string, text?: string, { leads = false } = {}): Promise<void> {
    const loaded = leads ? this.#event('Page.loadEventFired') : undefined;
    const codes: Record<string, number> = { Enter: 13, Tab: 9 };
    const stroke = { key, code: key, windowsVirtualKeyCode: codes[key] ?? 0 };
    await this.#send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      ...stroke,
      ...(text === undefined ? {} : { text }),
    });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...stroke });
    await loaded;
  }

  async allow(origin: string, permissions: string[]): Promise<void> {
    await this.#send('Browser.grantPermissions', { origin, permissions }, { session: false });
  }

  /** As a PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  /** Role and name of everything a screen reader comes to. */
  async accessible(): Promise<{ role: string; name: string }[]> {
    const { nodes } = await this.#send('Accessibility.getFullAXTree');
    type Node = { ignored: boolean; role?: { value: string }; name?: { value: string } };
    return (nodes as Node[])
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => ({ role: role?.value ?? '', name: name?.value ?? '' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise((resolve) => this.#child.once('close', resolve));
      this.#child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #send(method: string, params: Json = {}, { session = true } = {}): Promise<Json> {
    const id = ++this.#count;
    const sessionId = session ? this.#session : undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #event(method: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no ${method} within ${patienceMs} ms`));
      const timer = setTimeout(late, patienceMs);
      this.#events.push({
        method,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }

  #listen(output: Readable): void {
    let rest = '';
    output.setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#receive(JSON.parse(message));
    });
  }

  #receive(message: {
    id?: number;
    method?: string;
    params?: Json;
    result?: Json;
    error?: { message: string };
  }): void {
    const { id, method, params = {}, result = {}, error } = message;
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id !== undefined) this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
    if (method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown')
      this.complaints.push(JSON.stringify(params));
    for (const event of this.#events.filter((each) => each.method === method)) event.resolve();
    this.#events = this.#events.filter((each) => each.method !== method);
  }

  #fail(thrown: Error): void {
    for (const { reject } of this.#waiting.values()) reject(thrown);
    this.#waiting.clear();
  }
}

// `--progress rawjson`: the progress as BuildKit's status objects, one on a line.
import { createHash } from 'node:crypto';
import type { ProgressLine } from '#shared/contract/image.ts';

interface Vertex {
  digest: string;
  name: string;
  started: string;
  completed?: string;
  cached?: boolean;
  error?: string;
}

/** Turns the lines of a build into status objects; each is written at once. */
export class RawProgress {
  #write: (text: string) => void;
  #now: () => Date;
  #vertex: Vertex | undefined;

  constructor(write: (text: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  show(line: ProgressLine): void {
    const text = line.stream ?? (line.status === undefined ? '' : `${line.status}\n`);
    if (text === '') return;
    const step = /^Step \d+\/\d+ : ([\s\S]*)\n$/.exec(text);
    if (step !== null) {
      this.#begin(text.replace(/^Step (\d+\/\d+) : ([\s\S]*)\n$/, '[$1] $2'));
      return;
    }
    if (/^Successfully (built|tagged) /.test(text)) this.#complete();
    if (this.#vertex === undefined) this.#begin('[internal] build');
    if (text === ' ---> Using cache\n' && this.#vertex !== undefined) this.#vertex.cached = true;
    else this.#log(text);
  }

  /** The last step is over, with what stopped it if anything did. */
  end(error?: string): void {
    if (error !== undefined && this.#vertex !== undefined) this.#vertex.error = error;
    this.#complete();
  }

  #begin(name: string): void {
    this.#complete();
    const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`;
    this.#vertex = { digest, name, started: this.#now().toISOString() };
    this.#tell({ vertexes: [this.#vertex] });
  }

  #complete(): void {
    if (this.#vertex === undefined) return;
    this.#tell({ vertexes: [{ ...this.#vertex, completed: this.#now().toISOString() }] });
    this.#vertex = undefined;
  }

  #log(text: string): void {
    const { digest: vertex } = this.#vertex ?? { digest: '' };
    const timestamp = this.#now().toISOString();
    this.#tell({ logs: [{ vertex, stream: 1, data: Buffer.from(text).toString('base64'), timestamp }] });
  }

  #tell(status: object): void {
    this.#write(`${JSON.stringify(status)}\n`);
  }
}

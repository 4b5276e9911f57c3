// `logs --details`: what the log options chose of labels and environment, before each line.

/** `a=b,c=d `, escaped as in a query; a lone space where nothing was chosen, as in Docker. */
export function detailsPrefix(attributes: readonly (readonly [string, string])[]): string {
  const escapeQuery = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
  return `${attributes.map(([key, value]) => `${escapeQuery(key)}=${escapeQuery(value)}`).join(',')} `;
}

export interface DetailsOptions {
  prefix: string;
  /** The lines begin with their time, which stays first. */
  timestamps: boolean;
  /** Each line is in a frame of its own (8 bytes: stream, three zeros, length). */
  framed: boolean;
}

/** The same log with the prefix in each line. */
export async function* withDetails(
  output: AsyncIterable<Buffer>,
  options: DetailsOptions,
): AsyncGenerator<Buffer> {
  const prefix = Buffer.from(options.prefix);
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of output) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const { lines, used } = options.framed ? framedLines(rest) : rawLines(rest);
    rest = Buffer.from(rest.subarray(used));
    const done = lines.map((line) => withPrefix(line, prefix, options));
    if (done.length > 0) yield Buffer.concat(done);
  }
  if (rest.length > 0) yield withPrefix(rest, prefix, options);
}

interface Lines {
  lines: Buffer[];
  used: number;
}

function framedLines(bytes: Buffer): Lines {
  const lines: Buffer[] = [];
  let used = 0;
  while (bytes.length - used >= 8) {
    const end = used + 8 + bytes.readUInt32BE(used + 4);
    if (end > bytes.length) break;
    lines.push(bytes.subarray(used, end));
    used = end;
  }
  return { lines, used };
}

function rawLines(bytes: Buffer): Lines {
  const lines: Buffer[] = [];
  let used = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, used)) {
    lines.push(bytes.subarray(used, end + 1));
    used = end + 1;
  }
  return { lines, used };
}

function withPrefix(line: Buffer, prefix: Buffer, { timestamps, framed }: DetailsOptions): Buffer {
  const header = framed ? 8 : 0;
  const at = timestamps ? line.indexOf(0x20, header) + 1 : header;
  const out = Buffer.concat([line.subarray(0, at), prefix, line.subarray(at)]);
  if (framed) out.writeUInt32BE(out.length - header, 4);
  return out;
}

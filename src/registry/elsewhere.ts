// Blobs that a registry does not have itself: its manifest names URLs where they lie (image-spec, descriptor.md, "urls").
import type { Descriptor } from '#shared/oci/specs.ts';
import { type BlobSink, type DownloadOptions, download, rangeFrom } from './download.ts';
import { statusFailure } from './failures.ts';
import type { Transport } from './transport.ts';

const urlsOf = ({ urls = [] }: Descriptor): URL[] =>
  (Array.isArray(urls) ? urls : [])
    .slice(0, 10)
    .filter((url) => typeof url === 'string' && /^https?:/i.test(url) && URL.canParse(url))
    .map((url) => new URL(url));

/** True where the descriptor has URLs that can be asked. */
export function liesElsewhere(descriptor: Descriptor): boolean {
  return urlsOf(descriptor).length > 0;
}

/** As `download`, from the first of the descriptor's URLs that has it, without any credentials. Answers its host. */
export async function downloadElsewhere(
  transport: Transport,
  descriptor: Descriptor,
  sink: BlobSink,
  options: DownloadOptions,
): Promise<string> {
  let last: unknown;
  for (const url of urlsOf(descriptor)) {
    const open = async (offset: number) => {
      const sent = { method: 'GET' as const, url, headers: rangeFrom(offset), signal: options.signal };
      const answer = await transport.send(sent);
      if (answer.status === 200 || answer.status === 206) return answer;
      answer.body.destroy();
      throw statusFailure(sent, { status: answer.status, body: Buffer.alloc(0) });
    };
    try {
      await download({ open, descriptor }, sink, options);
      return url.host;
    } catch (thrown) {
      if (options.signal?.aborted) throw thrown;
      last = thrown;
    }
  }
  throw last;
}

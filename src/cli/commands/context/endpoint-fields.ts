// The fields of `--docker`: `host=tcp://…,ca=FILE,cert=FILE,key=FILE,skip-tls-verify=true`, or `from=CONTEXT`.
import type { Context } from '#cli/files/context-store.ts';
import { readText } from '#cli/files/named-file.ts';
import { parseHost } from '#client/host.ts';
import { invalid } from '#shared/errors.ts';

export type EndpointFields = Partial<Pick<Context, 'host' | 'skipTlsVerify' | 'tls'>> & { from?: string };

/** Throws `invalid` for unknown fields, bad hosts and files that cannot be read. */
export function endpointFields(text: string): EndpointFields {
  const fields: EndpointFields = {};
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const [key, value] =
      equals < 0 ? [field.trim(), ''] : [field.slice(0, equals).trim(), field.slice(equals + 1)];
    if (key === 'host') {
      parseHost(value);
      fields.host = value;
    } else if (key === 'from') fields.from = value;
    else if (key === 'skip-tls-verify') fields.skipTlsVerify = value !== 'false' && value !== '0';
    else if (key === 'ca' || key === 'cert' || key === 'key')
      fields.tls = { ...fields.tls, [key]: readText(value) };
    else
      throw invalid(`unrecognized config key: ${key}`, {
        hint: 'keys are host, ca, cert, key, skip-tls-verify and from',
      });
  }
  return fields;
}

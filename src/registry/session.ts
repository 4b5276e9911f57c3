// One request to one endpoint of a registry, signed as the registry wants it; error statuses become failures.
import { basicHeader, credentialsOf, type RegistryAuth } from './auth.ts';
import { parseChallenges } from './challenge.ts';
import type { Endpoint } from './endpoints.ts';
import { statusFailure } from './failures.ts';
import type { TokenStore } from './tokens.ts';
import { type Answer, readSmall, type Sent, type Transport } from './transport.ts';

export interface Wire {
  transport: Transport;
  tokens: TokenStore;
}

export interface Question {
  endpoint: Endpoint;
  /** Below the endpoint's prefix, beginning with `/v2/`; or a whole URL (an upload's location). */
  path: string;
  /** `repository:library/x:pull`; empty for none. */
  scope: string;
  auth?: RegistryAuth | undefined;
  method?: Sent['method'];
  headers?: Record<string, string>;
  /** Called once a try, because a challenge makes us send the body again. */
  body?: () => NonNullable<Sent['body']>;
  signal?: AbortSignal | undefined;
}

const maxErrorBytes = 64 * 1024;

/** The answer of a registry, status below 300. Its body belongs to the caller. Throws `RegistryFailure`. */
export async function ask(wire: Wire, question: Question): Promise<Answer> {
  const auth = question.endpoint.mirror ? undefined : question.auth;
  const { origin } = question.endpoint;
  const known = auth?.registrytoken
    ? `Bearer ${auth.registrytoken}`
    : wire.tokens.find(origin, question.scope, auth);
  let sent = requestOf(question, known);
  let answer = await wire.transport.send(sent);
  // A host that the registry sent us on to may not ask for its credentials.
  const isOwn = answer.url.origin === origin;
  if (answer.status === 401 && isOwn && !auth?.registrytoken) {
    const signed = await answerChallenge(wire, { ...question, auth }, { answer, used: known });
    if (signed !== undefined) {
      answer.body.resume();
      sent = requestOf(question, signed);
      answer = await wire.transport.send(sent);
    }
  }
  // A redirect that could not be followed is no yes.
  if (answer.status < 300) return answer;
  const body = await readSmall(sent, answer, maxErrorBytes).catch(() => Buffer.alloc(0));
  throw statusFailure(sent, { status: answer.status, body, retryAfter: answer.headers['retry-after'] });
}

function requestOf(question: Question, authorization: string | undefined): Sent {
  const { endpoint, path, body } = question;
  const whole = /^https?:/.test(path);
  const url = new URL(whole ? path : `${endpoint.origin}${endpoint.prefix}${path}`);
  const headers = { ...question.headers };
  if (authorization !== undefined && url.origin === endpoint.origin) headers['authorization'] = authorization;
  return {
    method: question.method ?? 'GET',
    url,
    headers,
    ...(body === undefined ? {} : { body: body() }),
    signal: question.signal,
  };
}

async function answerChallenge(
  wire: Wire,
  question: Question,
  { answer, used }: { answer: Answer; used: string | undefined },
): Promise<string | undefined> {
  const { auth, scope, signal } = question;
  const { origin } = question.endpoint;
  wire.tokens.forget(origin, scope, auth);
  const header = answer.headers['www-authenticate'];
  for (const challenge of parseChallenges(header)) {
    if (challenge.scheme === 'bearer') return wire.tokens.fetch({ challenge, scope, auth, origin, signal });
    const user = challenge.scheme === 'basic' ? credentialsOf(auth) : undefined;
    const basic = user === undefined ? undefined : basicHeader(user);
    if (basic === undefined || basic === used) continue;
    wire.tokens.keep({ origin, scope, auth }, basic, 3_600_000);
    return basic;
  }
  return undefined;
}

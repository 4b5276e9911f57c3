// `/token`: a login, or nobody, in exchange for a short-lived token (Docker's token specification, GET and OAuth2 POST).
import { refuse } from '../failures.ts';
import { isRepositoryName } from '../names.ts';
import { answerJson, type Exchange, readSmall } from '../wire/exchange.ts';
import { decodeBasic, type Guard } from './guard.ts';
import { type Access, parseScope, signToken, tokenLifeSeconds } from './tokens.ts';

const maxScopes = 50;

/** Answers with a token for as much of the asked scopes as the user may have. */
export async function answerToken(guard: Guard, exchange: Exchange): Promise<void> {
  const asked = exchange.method === 'POST' ? await readForm(exchange) : readQuery(exchange);
  const user = await userOf(guard, asked.login);
  const scopes = asked.scopes.flatMap((text) => text.split(' ')).slice(0, maxScopes);
  const access = scopes
    .map(parseScope)
    .filter((scope) => scope !== undefined)
    .map((scope) => granted(guard, user, scope));
  const token = signToken(guard.key, { sub: user ?? '', access }, Date.now());
  answerJson(
    exchange,
    {
      token,
      access_token: token,
      expires_in: tokenLifeSeconds,
      issued_at: new Date().toISOString(),
      scope: scopes.join(' '),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}

interface Asked {
  login: { user: string; password: string } | 'none' | 'broken';
  scopes: string[];
}

function readQuery({ request, query, method }: Exchange): Asked {
  if (method !== 'GET') throw refuse('UNSUPPORTED', `${method} is not supported here`);
  const header = request.headers.authorization;
  const login = header === undefined ? 'none' : (decodeBasic(header) ?? 'broken');
  return { login, scopes: query.getAll('scope') };
}

async function readForm(exchange: Exchange): Promise<Asked> {
  const form = new URLSearchParams((await readSmall(exchange, 64 * 1024)).toString('utf8'));
  if (form.get('grant_type') !== 'password') {
    throw refuse('UNAUTHORIZED', 'only grant_type=password is supported');
  }
  const login = { user: form.get('username') ?? '', password: form.get('password') ?? '' };
  return { login, scopes: form.getAll('scope') };
}

async function userOf(guard: Guard, login: Asked['login']): Promise<string | undefined> {
  if (!guard.isClosed) return undefined;
  if (login === 'none') {
    if (guard.rights.admitsAnonymous) return undefined;
    throw refuse('UNAUTHORIZED', 'authentication required');
  }
  if (login !== 'broken' && (await guard.checkPassword(login))) return login.user;
  throw refuse('UNAUTHORIZED', 'incorrect username or password', {
    headers: { 'www-authenticate': 'Basic realm="Wharf Hub", charset="UTF-8"' },
  });
}

/** The scope with the actions that are allowed; it stays, empty, where none is, so that the Hub can say "denied". */
function granted(guard: Guard, user: string | undefined, scope: Access): Access {
  if (scope.type !== 'repository' || !isRepositoryName(scope.name)) return { ...scope, actions: [] };
  const may = (action: 'pull' | 'push' | 'delete') => guard.may({ user }, { action, repository: scope.name });
  const wanted = scope.actions.includes('*') ? ['pull', 'push', 'delete'] : scope.actions;
  const actions = wanted.filter(
    (action) => (action === 'pull' || action === 'push' || action === 'delete') && may(action),
  );
  return { ...scope, actions };
}

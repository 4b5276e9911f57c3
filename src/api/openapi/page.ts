// The API's page: every endpoint with its parameters, bodies and answers, as one HTML page without scripts.
import type { OpenApiDocument, Operation } from '#api/openapi/document.ts';

/** HTML of the whole document. */
export function pageOf(document: OpenApiDocument): string {
  const sections = document.tags.map(({ name }) => sectionOf(document, name)).join('\n');
  const links = document.tags
    .map(({ name }) => `<a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`)
    .join(' ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(document.info.title)} ${document.info.version}</title><style>${style}</style></head>
<body><header><h1>${escapeHtml(document.info.title)} <small>v${document.info.version}</small></h1>
<p>${escapeHtml(document.info.description)} As data: <a href="openapi.json">openapi.json</a>.</p><nav>${links}</nav></header>
${sections}
</body></html>
`;
}

const style =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}' +
  'nav a{margin-right:.8rem}details{border:1px solid #d5dbe3;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}' +
  'summary{cursor:pointer}code{font:13px/1.4 ui-monospace,monospace}b.m{display:inline-block;min-width:4.5rem}' +
  'table{border-collapse:collapse;margin:.5rem 0}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}' +
  'pre{overflow:auto;max-height:24rem;background:#f4f6f9;padding:.6rem}' +
  '@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#15191f}details{border-color:#333c48}pre{background:#1d232b}a{color:#7db4ff}}';

function sectionOf(document: OpenApiDocument, tag: string): string {
  const rows = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => operationOf(method, path, operation)),
  );
  return `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>\n${rows.join('\n')}`;
}

function operationOf(method: string, path: string, operation: Operation): string {
  const answers = Object.entries(operation.responses)
    .map(([status, answer]) => `<tr><td>${status}</td><td>${escapeHtml(wordOf(answer))}</td></tr>`)
    .join('');
  const told = Object.entries(operation.responses).find(([, answer]) => bodySchemaOf(answer) !== undefined);
  return (
    `<details id="${operation.operationId}"><summary><b class="m">${method.toUpperCase()}</b> ` +
    `<code>${escapeHtml(path)}</code> ${escapeHtml(operation.summary)}</summary>` +
    parametersOf(operation) +
    bodyOf(operation) +
    `<table><tr><th>Status</th><th></th></tr>${answers}</table>` +
    (told === undefined ? '' : answerSchema(told[0], bodySchemaOf(told[1]))) +
    '</details>'
  );
}

function parametersOf({ parameters }: Operation): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map((parameter) => {
    const { name, in: place, schema } = parameter as { name: string; in: string; schema: { type?: string } };
    return `<tr><td><code>${escapeHtml(name)}</code></td><td>${place}</td><td>${schema.type ?? 'any'}</td></tr>`;
  });
  return `<table><tr><th>Parameter</th><th>In</th><th>Type</th></tr>${rows.join('')}</table>`;
}

function bodyOf({ requestBody }: Operation): string {
  return requestBody === undefined
    ? ''
    : `<p>Body</p><pre>${escapeHtml(JSON.stringify(requestBody, null, 1))}</pre>`;
}

/** Of an answer that is no error: those have one shape, told once. */
function bodySchemaOf(answer: object): object | undefined {
  const content = 'content' in answer ? (answer.content as Record<string, { schema?: object }>) : {};
  const schema = content['application/json']?.schema;
  return schema === undefined || '$ref' in schema ? undefined : schema;
}

const answerSchema = (status: string, schema: object | undefined): string =>
  `<p>Body of ${status}</p><pre>${escapeHtml(JSON.stringify(schema, null, 1))}</pre>`;

const wordOf = (answer: object): string => ('description' in answer ? String(answer.description) : '');

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => entities[letter] ?? letter);
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

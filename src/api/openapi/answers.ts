// Which statuses each endpoint answers with, and what their bodies are: for the API's page.
import { answerBodies } from '#api/answers/bodies.ts';

const statusText: Record<string, string> = {
  '101': 'The connection is handed over',
  '200': 'Done',
  '201': 'Made',
  '204': 'Done',
  '304': 'Nothing to do: it is in that state already',
  '400': 'The request is wrong',
  '401': 'The credentials were refused',
  '403': 'Not allowed',
  '404': 'No such thing',
  '409': 'Its state does not allow it',
  '500': 'The engine failed',
  '501': 'Not supported here',
  '503': 'Not available here',
};

/** Statuses besides 500. */
const statuses: Record<string, string> = {
  'GET /containers/json': '200 400',
  'POST /containers/create': '201 400 404 409',
  'GET /containers/:id/json': '200 404',
  'GET /containers/:id/top': '200 404',
  'GET /containers/:id/logs': '200 400 404 501',
  'GET /containers/:id/changes': '200 404',
  'GET /containers/:id/export': '200 404',
  'GET /containers/:id/stats': '200 404',
  'POST /containers/:id/resize': '200 404',
  'POST /containers/:id/start': '204 304 400 404',
  'POST /containers/:id/stop': '204 304 404',
  'POST /containers/:id/restart': '204 404',
  'POST /containers/:id/kill': '204 404 409',
  'POST /containers/:id/update': '200 404',
  'POST /containers/:id/rename': '204 404 409',
  'POST /containers/:id/pause': '204 404',
  'POST /containers/:id/unpause': '204 404',
  'POST /containers/:id/attach': '101 200 400 404',
  'GET /containers/:id/attach/ws': '101 200 400 404',
  'POST /containers/:id/wait': '200 400 404',
  'DELETE /containers/:id': '204 400 404 409',
  'HEAD /containers/:id/archive': '200 400 404',
  'GET /containers/:id/archive': '200 400 404',
  'PUT /containers/:id/archive': '200 400 403 404',
  'POST /containers/prune': '200',
  'GET /images/json': '200',
  'POST /build': '200 400 501',
  'POST /build/prune': '200',
  'POST /images/create': '200 404',
  'GET /images/:name/json': '200 404',
  'GET /images/:name/history': '200 404',
  'POST /images/:name/push': '200 404',
  'POST /images/:name/tag': '201 400 404 409',
  'DELETE /images/:name': '200 404 409',
  'GET /images/search': '200 501',
  'POST /images/prune': '200',
  'POST /auth': '200 204 401',
  'GET /info': '200',
  'GET /version': '200',
  'GET /_ping': '200',
  'HEAD /_ping': '200',
  'POST /commit': '201 404',
  'GET /events': '200 400',
  'GET /system/df': '200',
  'GET /images/:name/get': '200',
  'GET /images/get': '200',
  'POST /images/load': '200',
  'POST /containers/:id/exec': '201 404 409',
  'POST /exec/:id/start': '200 404 409',
  'POST /exec/:id/resize': '200 400 404',
  'GET /exec/:id/json': '200 404',
  'GET /volumes': '200',
  'POST /volumes/create': '201',
  'GET /volumes/:name': '200 404',
  'PUT /volumes/:name': '503',
  'DELETE /volumes/:name': '204 404 409',
  'POST /volumes/prune': '200',
  'GET /networks': '200',
  'GET /networks/:id': '200 404',
  'DELETE /networks/:id': '204 403 404',
  'POST /networks/create': '201 400 403 404',
  'POST /networks/:id/connect': '200 400 403 404',
  'POST /networks/:id/disconnect': '200 403 404',
  'POST /networks/prune': '200',
  'GET /distribution/:name/json': '200 401',
  'POST /session': '501',
  'POST /grpc': '501',
  'GET /openapi.json': '200',
  'GET /docs': '200',
  'GET /plugins': '200',
};

const noBody = 'nothing';

const bodies: Record<string, string> = {
  'HEAD /_ping': noBody,
  'HEAD /containers/:id/archive': noBody,
  'PUT /containers/:id/archive': noBody,
  'POST /containers/:id/resize': noBody,
  'POST /exec/:id/resize': noBody,
  'POST /images/:name/tag': noBody,
  'POST /networks/:id/connect': noBody,
  'POST /networks/:id/disconnect': noBody,
  'GET /containers/:id/attach/ws': noBody,
  'GET /_ping': 'text/plain',
  'GET /docs': 'text/html',
  'GET /containers/:id/archive': 'application/x-tar',
  'GET /containers/:id/export': 'application/x-tar',
  'GET /images/:name/get': 'application/x-tar',
  'GET /images/get': 'application/x-tar',
  'GET /containers/:id/logs': 'application/vnd.docker.multiplexed-stream',
  'POST /containers/:id/attach': 'application/vnd.docker.multiplexed-stream',
  'POST /exec/:id/start': 'application/vnd.docker.multiplexed-stream',
};

/** OpenAPI's `responses` of an endpoint, named as `GET /containers/:id/json`. */
export function answersOf(endpoint: string): Record<string, object> {
  const known = (statuses[endpoint] ?? '503').split(' ');
  return Object.fromEntries([...known, '500'].map((status) => [status, answerOf(endpoint, status)]));
}

function answerOf(endpoint: string, status: string): object {
  const description = statusText[status] ?? '';
  if (Number(status) >= 400) {
    const schema = { $ref: '#/components/schemas/Error' };
    return { description, content: { 'application/json': { schema } } };
  }
  if (status !== '200' && status !== '201') return { description };
  const type = bodies[endpoint] ?? 'application/json';
  if (type === noBody) return { description };
  const schema = answerBodies[endpoint];
  return { description, content: { [type]: schema === undefined ? {} : { schema } } };
}

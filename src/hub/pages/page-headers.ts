// Headers of every page: nothing on it may run but its own script, or load from elsewhere, whatever was pushed.
import { copyScriptHash } from './copy-button.ts';

export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': `default-src 'none'; style-src 'self'; script-src ${copyScriptHash}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

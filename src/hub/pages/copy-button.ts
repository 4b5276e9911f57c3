// The one script of the pages: a button that copies a command. Without it, a tap marks the whole command.
import { createHash } from 'node:crypto';
import { Html } from './html.ts';

const source = `
for (const box of document.querySelectorAll('.command')) {
  const text = box.textContent;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy: ' + text);
  const done = document.createElement('span');
  done.className = 'done';
  done.setAttribute('role', 'status');
  button.addEventListener('click', async () => {
    // Beyond https and loopback, a browser has no clipboard to write to.
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else {
      getSelection().selectAllChildren(box.querySelector('pre'));
      document.execCommand('copy');
    }
    done.textContent = 'Copied';
    setTimeout(() => { done.textContent = ''; }, 2000);
  });
  box.append(button, done);
}
`;

/** For the page's `script-src`: this script runs, and no other. */
export const copyScriptHash = `'sha256-${createHash('sha256').update(source).digest('base64')}'`;

export const copyScript = new Html(`<script>${source}</script>`);

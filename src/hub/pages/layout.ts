// The frame of every page, and its style: plain, quick, and fit for a phone.
import { copyScript } from './copy-button.ts';
import { type Html, html } from './html.ts';

/** A whole page. */
export function layout(title: string, { term = '', body }: { term?: string; body: Html }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="home" href="/">Wharf Hub</a>
<form action="/" role="search"><input type="search" name="q" value="${term}" placeholder="Search repositories" aria-label="Search repositories"><button type="submit">Search</button></form>
</header>
<main id="main" tabindex="-1">
${body}
</main>
${copyScript}
</body>
</html>
`;
}

/** A command to copy: by its button, or one tap marks all of it. */
export function command(text: string): Html {
  return html`<div class="command"><pre tabindex="0"><code>${text}</code></pre></div>`;
}

export const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0b6bcb; }
@media (prefers-color-scheme: dark) { :root { --accent: #6db3f8; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .75rem 1rem; border-bottom: 1px solid var(--line); }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
.home { font-weight: 700; color: inherit; }
form { display: flex; flex: 1 1 14rem; min-width: 0; gap: .5rem; max-width: 32rem; }
input, button { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .4rem; background: transparent; color: inherit; min-height: 2.5rem; }
input { flex: 1; min-width: 0; width: 100%; }
h1 { font-size: 1.4rem; margin: .25rem 0 .75rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
ul.list { list-style: none; margin: 0; padding: 0; }
ul.list > li { padding: .7rem 0; border-bottom: 1px solid var(--line); }
.name { font-weight: 600; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .9rem; opacity: .8; }
.command { display: flex; align-items: center; gap: .5rem; margin: .5rem 0; padding: .3rem .3rem .3rem .8rem; background: var(--soft); border: 1px solid var(--line); border-radius: .4rem; }
.command pre { flex: 1; min-width: 0; margin: 0; padding: .3rem 0; white-space: pre-wrap; user-select: all; }
.done { font-size: .9rem; }
.done:empty { display: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { position: static; display: block; padding: .5rem 1rem; }
main:focus { outline: none; }
code { font: .9rem/1.5 ui-monospace, monospace; }
ol.layers { list-style: none; margin: 0; padding: 0; }
ol.layers > li { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); align-items: baseline; gap: .75rem; padding: .45rem 0; border-bottom: 1px solid var(--line); }
ol.layers .size { text-align: right; font-variant-numeric: tabular-nums; opacity: .8; }
ol.layers .empty { opacity: .5; }
nav.pages { display: flex; gap: 1rem; padding: 1rem 0; }
`;

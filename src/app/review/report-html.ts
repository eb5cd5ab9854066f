/** Text as HTML: nothing in a project can become markup. */
export const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** Markup that is already safe. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | readonly Html[]

/** A template whose values are escaped unless they are Html. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string))
}

function render(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escape(String(part))
  return part.map(({ text }) => text).join('')
}

/** No script, no network, no frame: the page is only what is written in it. */
export const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

export const reportStyle = `
:root { color-scheme: light dark; --ink: #1c1e21; --dim: #5c636b; --line: #d9dde2; --paper: #fff; --good: #0072b2; --poor: #b34700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #a2a9b1; --line: #3a4048; --paper: #17191c; --good: #6cb8e6; --poor: #f59b5a; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem }
.dim, caption, th { color: var(--dim) } p { max-width: 44rem; margin: .5rem 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .875rem }
th { text-align: left; font-weight: 500 } th, td { padding: .2rem .75rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right } code, pre { font: .8125rem/1.5 ui-monospace, monospace } pre { white-space: pre-wrap; overflow-wrap: anywhere }
.scroll { overflow-x: auto } .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.25rem }
figure { margin: 0 } figcaption { font-size: .875rem } svg { width: 100%; height: auto; display: block }
svg text { font: 11px system-ui, sans-serif; fill: var(--dim) } svg .axis { stroke: var(--line) } svg polyline { fill: none; stroke-width: 1.5 }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1.25rem; border-top: 1px solid var(--line); padding: .75rem 0 }
.answer { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 }
.good { text-decoration: underline solid var(--good) 2px; text-underline-offset: 3px } .poor { text-decoration: underline wavy var(--poor) 1.5px; text-underline-offset: 3px }
`

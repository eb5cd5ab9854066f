import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReviewAnswer, ReviewPair, RunDetail } from '../../contract/ipc'
import { criticFailures, failuresText } from '../runs/failures'
import { runFiles, type ReviewFile } from '../../contract/run-record'
import { chart, type Curve } from './report-chart'
import { writeWhole } from '../../files/atomic-file'
import { contentSecurityPolicy, html, reportStyle, Html } from './report-html'
import { inDigits, SUMMARY_WINDOW, summarise } from './report-summary'
import { readRunDetail } from '../runs/folder'

/** Writes the report of a run to one file. @returns its path */
export function writeReport(runDir: string, out: string): string {
  const text = renderReport(readRunDetail(runDir), readReview(runDir))
  writeWhole(out, text)
  return out
}

/** What the review job left in the folder; null when the run has not been reviewed. */
export function readReview(runDir: string): ReviewFile | null {
  const file = join(runDir, runFiles.review)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ReviewFile) : null
}

const good = 'var(--good)'
const poor = 'var(--poor)'
const plain = 'var(--dim)'
const byPolarity = (group: string): Curve[] => [
  { metric: `${group}/positive`, label: 'good', colour: good },
  { metric: `${group}/negative`, label: 'poor', colour: poor, dashes: '6 2' },
  { metric: `${group}/neutral`, label: 'unmarked', colour: plain, dashes: '2 2' }
]
const one = (metric: string): Curve[] => [{ metric, label: '', colour: good }]

const charts: readonly (readonly [title: string, curves: readonly Curve[]])[] = [
  ['Reward of an answer', one('reward/mean')],
  [
    'Share of answers with a good and with a poor span',
    [
      { metric: 'answers/with_positive', label: 'good', colour: good },
      { metric: 'answers/with_negative', label: 'poor', colour: poor, dashes: '6 2' }
    ]
  ],
  ['KL to the starting model, nats a token', one('objective/kl')],
  ['Change of log-probability by one update, nats', byPolarity('logprob_change')],
  ['Since the start, training answers, nats', byPolarity('train/logprob_change')],
  ['Since the start, held-out answers, nats', byPolarity('heldout/logprob_change')],
  ['Length of an answer, tokens', one('length/mean')],
  ['Entropy, nats', one('objective/entropy')]
]

/**
 * One page that needs nothing else: no script, no network. Every number in it comes from `metrics.jsonl`; each
 * carries the name of its metric, so that a test (or a reader) can recompute it. `lead` stands before the curves.
 */
export function renderReport(detail: RunDetail, review: ReviewFile | null, lead = html``): string {
  const { run, config, metrics } = detail
  const failures = failuresText(criticFailures(config, metrics))
  const drawn = charts
    .map(([title, curves]) => chart(title, curves, metrics))
    .filter((figure) => figure !== null)
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}" />
        <meta name="viewport" content="width=device-width" />
        <title>${run.name} · Text2Grad Studio</title>
        <style>
          ${new Html(reportStyle)}
        </style>
      </head>
      <body>
        <h1>${run.name}</h1>
        <p class="dim">
          ${run.state} at step <span data-run="step">${run.step}</span> of ${run.steps} ·
          ${config.algorithm.name} on
          ${config.source === 'rollouts' ? 'its own answers' : 'annotated answers'} · control
          ${config.control} · seed ${config.seed} · begun ${run.startedAt}
        </p>
        ${run.error ? html`<p class="poor">${run.error.message}</p>` : html``}
        ${failures ? html`<p>${failures}</p>` : html``} ${lead}
        <h2>Curves</h2>
        <div class="charts">${drawn.length > 0 ? drawn : html`<p>No step has been made yet.</p>`}</div>
        <h2>Numbers</h2>
        ${summaryTable(detail)} ${review ? reviewSection(review) : html``}
        <h2>Settings</h2>
        ${gateLine(detail)}
        <pre>${JSON.stringify(config, null, 2)}</pre>
        <h2>Hashes</h2>
        ${hashTable(detail)}
      </body>
    </html>`
  return page.text + '\n'
}

function summaryTable({ metrics }: RunDetail): Html {
  const rows = summarise(metrics).map(
    ({ metric, first, last, steps }) =>
      html`<tr data-metric="${metric}">
        <th scope="row"><code>${metric}</code></th>
        <td class="number" data-first>${inDigits(first)}</td>
        <td class="number" data-last>${inDigits(last)}</td>
        <td class="number">${steps}</td>
      </tr>`
  )
  return html`<div class="scroll">
    <table>
      <caption>
        Means over the first and the last ${SUMMARY_WINDOW} steps that measured it
      </caption>
      <thead>
        <tr>
          <th>metric</th>
          <th class="number">first</th>
          <th class="number">last</th>
          <th class="number">steps</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}

/** Why the run was allowed to train on its critic. */
function gateLine({ criticGate }: RunDetail): Html {
  if (criticGate === null) return html``
  const { passed, because, override } = criticGate
  return html`<p>
    The critic ${passed ? 'may train' : 'has not passed'}. ${because}
    ${override ? html`Overridden by ${override.person} on ${override.at}: ${override.reason}` : html``}
  </p>`
}

function hashTable({ hashes }: RunDetail): Html {
  const rows = Object.entries(hashes).map(
    ([what, hash]) =>
      html`<tr>
        <th scope="row">${what}</th>
        <td><code>${hash}</code></td>
      </tr>`
  )
  return html`<table>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}

function reviewSection(review: ReviewFile): Html {
  return html`<h2>Before and after</h2>
    <p class="dim">
      The same prompts and the same random numbers. Before: model ${review.before.model.slice(0, 12)}, adapter
      ${review.before.adapter?.slice(0, 12) ?? 'none'}. After: model ${review.after.model.slice(0, 12)},
      adapter ${review.after.adapter?.slice(0, 12) ?? 'none'}. Underlined: what the critic marked, solid for
      good and wavy for poor.
    </p>
    ${review.pairs.map(pair)}`
}

const pair = ({ prompt, seed, before, after }: ReviewPair): Html =>
  html`<p class="dim">${prompt === '' ? 'No prompt' : prompt} · seed ${seed}</p>
    <div class="pair">${answer('Before', before)} ${answer('After', after)}</div>`

function answer(title: string, { text, spans }: ReviewAnswer): Html {
  return html`<div>
    <strong>${title}</strong>
    <div class="answer">${marked([...text], spans)}</div>
  </div>`
}

/** The text with its spans underlined; where spans overlap the poor one shows, as it does in training. */
function marked(characters: readonly string[], spans: ReviewAnswer['spans']): Html[] {
  const labels = new Int8Array(characters.length)
  for (const { start, end, label } of [...spans].sort((a, b) => b.label - a.label)) {
    if (label !== 0) labels.fill(Math.sign(label), start, end)
  }
  const pieces: Html[] = []
  for (let from = 0; from < characters.length;) {
    let to = from + 1
    while (to < characters.length && labels[to] === labels[from]) to++
    const piece = characters.slice(from, to).join('')
    pieces.push(
      labels[from] === 0
        ? html`${piece}`
        : html`<span class="${labels[from] > 0 ? 'good' : 'poor'}">${piece}</span>`
    )
    from = to
  }
  return pieces
}

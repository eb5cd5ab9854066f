import type { Interval } from '../../pipeline/review/interval'
import { html, type Html } from '../review/report-html'
import type { Condition, TruthSummary } from './gain'

const names: Readonly<Record<Condition, string>> = {
  before: 'starting model',
  after: 'trained on the marks',
  shuffled: 'trained on the marks moved within their answers (control)'
}

const digits = (value: number): string => value.toFixed(3)
export const withInterval = ({ value, low, high }: Interval): string => {
  const signed = (number: number): string => (number < 0 ? '−' : '+') + Math.abs(number).toFixed(3)
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`
}

/** The demo's part of its report: what the truth score was and became. */
export function truthSection({
  prompts,
  seeds,
  means,
  likeliest,
  gain,
  shuffledGain,
  gainOverShuffled
}: TruthSummary): Html {
  const rows = (['before', 'after', 'shuffled'] as const).map((condition) => {
    const { score, right, wrong, unsupported } = means[condition]
    return html`<tr data-truth="${condition}">
      <th scope="row">${names[condition]}</th>
      <td class="number" data-score>${digits(score)}</td>
      ${seeds.map((seed) => html`<td class="number">${digits(seed[condition])}</td>`)}
      <td class="number">${right.toFixed(2)}</td>
      <td class="number">${wrong.toFixed(2)}</td>
      <td class="number">${unsupported.toFixed(2)}</td>
      <td class="number">${digits(likeliest[condition].score)}</td>
    </tr>`
  })
  return html`<h2>Truth score</h2>
    <p class="dim">
      ${prompts} prompts about bridges that were never trained on, ${seeds.length} seeds. The score of an
      answer is the number of the card's six facts that it states rightly, divided by six plus the number of
      sentences that the card does not support: leaving facts out, getting them wrong and inventing all cost.
      It is computed by code that training does not use. Below is the run with seed ${seeds[0].seed}.
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            <th class="number">truth score</th>
            ${seeds.map(({ seed }) => html`<th class="number">seed ${seed}</th>`)}
            <th class="number">facts right</th>
            <th class="number">wrong</th>
            <th class="number">unsupported sentences</th>
            <th class="number">score at temperature 0</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    <p>
      Gain ${withInterval(gain)}. Control ${withInterval(shuffledGain)}. Gain over the control
      ${withInterval(gainOverShuffled)}. In brackets: 95 % intervals, resampling prompts.
    </p>`
}

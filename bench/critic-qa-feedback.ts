/**
 * Both kinds of trained critics on the 300 answers of qa_feedback that people marked: 240 documents to be made from (24
 * of them choose the checkpoint), 60 to be measured on once. A seed is another split and another training. Prints every
 * figure with its 95 % interval over documents, next to the baselines'.
 *
 *   npm run bench -- critic-qa-feedback [--kinds span-head,generative] [--bases starter,stories] [--seeds 1,2,3]
 *
 * The bases are copies that read 1,536 tokens, so that no answer is too long; `--context 0` leaves them as they are.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { baselineNames } from '../src/pipeline/reward/critic-quality/baselines'
import { table } from './claims/table'
import { feedbackTraining, runFeedback, widened, type FeedbackResult } from './critic/feedback-run'

const shared = resolve(import.meta.dirname, '../../shared')
const data = join(shared, 'data/qa_feedback_300.json')
const bases = {
  starter: resolve(import.meta.dirname, '../resources/starter-model'),
  stories: join(shared, 'models/stories260K')
} as const

const head = [
  ...['kind, base, seed', 'poor F1', 'precision', 'recall', 'above all poor', ...baselineNames],
  ...['exact spans', 'IoU 0.5', 'ECE', 'Brier / base rate', 'failed', 'learnt from'],
  ...['minutes', 'ms an answer', 'best step']
]

const figure = (value: number | null | undefined): string => (value == null ? '–' : value.toFixed(3))

function rowOf(name: string, result: FeedbackResult): string[] {
  const { quality, record } = result
  const within = (key: string): string => {
    const interval = quality.intervals[key]
    return interval
      ? `${figure(interval.value)} [${figure(interval.low)}, ${figure(interval.high)}]`
      : figure(null)
  }
  return [
    name,
    within('tokens.negative.f1'),
    figure(quality.tokens.negative.precision),
    figure(quality.tokens.negative.recall),
    within('above.allPoor.tokens.negative.f1'),
    ...baselineNames.map((baseline) => figure(quality.baselines[baseline].tokens.negative.f1)),
    figure(quality.spans.exactF1),
    figure(quality.spans.iou50F1),
    figure(quality.ece),
    `${figure(quality.calibration?.brier)} / ${figure(quality.calibration?.baseRateBrier)}`,
    `${quality.parseFailures} of ${quality.answers}`,
    `${record.examples.train} + ${record.examples.dev}`,
    (result.trainingSeconds / 60).toFixed(1),
    (result.secondsAnAnswer * 1000).toFixed(1),
    String(record.best.step)
  ]
}

interface Wanted {
  readonly kinds: readonly string[]
  readonly bases: readonly string[]
  readonly seeds: readonly number[]
  readonly context: number
}

async function main(wanted: Wanted): Promise<void> {
  if (!existsSync(data)) return console.log(`${data} is absent: nothing to measure.`)
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-qa-feedback-'))
  const rows: string[][] = []
  try {
    for (const kind of wanted.kinds as (keyof typeof feedbackTraining)[])
      for (const base of wanted.bases as (keyof typeof bases)[]) {
        if (!existsSync(bases[base])) {
          console.log(`${bases[base]} is absent: left out`)
          continue
        }
        const wide = join(folder, `${kind}-${base}`)
        const model = wanted.context > 0 ? widened(bases[base], wide, wanted.context) : bases[base]
        for (const seed of wanted.seeds) {
          const dir = join(folder, `${kind}-${base}-${seed}`)
          const result = await runFeedback(dir, data, seed, { ...feedbackTraining[kind], base: model })
          const { documents, record } = result
          console.log(
            `${kind}, ${base}, seed ${seed}: ${documents.train} + ${documents.dev} documents, ${documents.test} of the test, none on both sides; split ${record.trainedOn.splitSha256.slice(0, 16)}, critic ${record.id}`
          )
          rows.push(rowOf(`${kind}, ${base}, ${seed}`, result))
        }
      }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(table(head, rows))
}

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: 'span-head,generative' },
    bases: { type: 'string', default: 'starter,stories' },
    seeds: { type: 'string', default: '1,2,3' },
    context: { type: 'string', default: '1536' }
  }
})
const list = (text: string): string[] => text.split(',')
main({
  kinds: list(values.kinds),
  bases: list(values.bases),
  seeds: list(values.seeds).map(Number),
  context: Number(values.context)
}).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})

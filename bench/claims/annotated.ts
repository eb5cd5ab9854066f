import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { RunConfigInput } from '../../src/contract/run-config'
import { importFeedback, trainFeedback, type AnnotatedResult, type Labels } from './annotated-run'
import { meanAndDeviation, table } from './table'

/**
 * `span-offline` on the 300 answers of qa_feedback: labels by content that a small model can learn, and the spans that
 * people marked. Both surrogates, and another answer's spans as a control.
 *
 *   npx tsx bench/claims/annotated.ts [--labels content|people] [--methods "unlikelihood;clipped;…"] [--seeds 3]
 */
const { values } = parseArgs({
  options: {
    labels: { type: 'string', default: 'content,people' },
    methods: { type: 'string', default: "unlikelihood;clipped;another answer's spans" },
    seeds: { type: 'string', default: '3' },
    set: { type: 'string', default: '{}' }
  }
})
const methods: Readonly<Record<string, Partial<RunConfigInput>>> = {
  unlikelihood: { algorithm: { surrogate: 'unlikelihood' } },
  clipped: { algorithm: { surrogate: 'clipped' } },
  "another answer's spans": { control: 'rotate' }
}
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
const changes = JSON.parse(values.set) as Partial<RunConfigInput>

const columns = [
  ['train poor', 'train/logprob_change/negative'],
  ['train other', 'train/logprob_change/neutral'],
  ['train gap', 'train/gap_negative'],
  ['held-out poor', 'heldout/logprob_change/negative'],
  ['held-out other', 'heldout/logprob_change/neutral'],
  ['held-out gap', 'heldout/gap_negative'],
  ['place controlled', 'heldout/gap_negative_matched'],
  ['KL a token', 'train/kl']
] as const

/** The interval of the first seed over held-out documents. */
const interval = ({ metrics }: AnnotatedResult): string =>
  `[${metrics['heldout/gap_negative_matched_low'].toFixed(3)}, ${metrics['heldout/gap_negative_matched_high'].toFixed(3)}]`

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'text2grad-feedback-'))
  try {
    const project = await importFeedback(dir)
    for (const labels of values.labels.split(',') as Labels[]) {
      const rows: string[][] = []
      for (const name of values.methods.split(';')) {
        const settings = {
          ...changes,
          ...methods[name],
          algorithm: { ...changes.algorithm, ...methods[name].algorithm }
        }
        const found: AnnotatedResult[] = []
        for (const seed of seeds) found.push(await trainFeedback(project, labels, seed, settings))
        const row = [
          name,
          ...columns.map(([, metric]) => meanAndDeviation(found.map(({ metrics }) => metrics[metric]))),
          interval(found[0])
        ]
        rows.push(row)
        const seconds = meanAndDeviation(
          found.map((result) => result.seconds),
          0
        )
        process.stderr.write(`${labels}, ${seconds} s a run: ${row.join(' | ')}\n`)
      }
      console.log(`\nLabels: ${labels}. ${seeds.length} seeds ± deviation; nats.\n`)
      console.log(table(['method', ...columns.map(([title]) => title), 'its interval, seed 1'], rows))
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

void main()

import { parseArgs } from 'node:util'
import { methods, trainStories, type RolloutsResult, type StepLog } from './rollouts-run'
import type { Rules, StoryMeasures } from './stories'
import { meanAndDeviation, table } from './table'

/**
 * Span-level PPO on stories260K against its rivals, at the same samples and at the same KL.
 *
 *   npx tsx bench/claims/rollouts.ts [--rules poor|both] [--methods "span, mean per span;…"] [--seeds 3] [--from 1] [--marks 25,50,75]
 */
const { values } = parseArgs({
  options: {
    rules: { type: 'string', default: 'poor' },
    methods: { type: 'string', default: Object.keys(methods).join(';') },
    seeds: { type: 'string', default: '3' },
    from: { type: 'string', default: '1' },
    marks: { type: 'string' },
    samples: { type: 'string', default: '1000' },
    set: { type: 'string', default: '{}' }
  }
})
const rules = values.rules as Rules
const marks = (values.marks ?? (rules === 'poor' ? '25,50,75' : '25,50')).split(',').map(Number)
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.from) + index)
const changes = JSON.parse(values.set) as (typeof methods)[string]

const measureHead = [
  'method',
  'step',
  'poor',
  'good',
  'KL a token',
  'KL a story',
  'perplexity',
  'tokens',
  'sentences'
]
const measureRow = (name: string, step: number, found: readonly StoryMeasures[]): string[] => [
  name,
  String(step),
  ...(['poor', 'good', 'klPerToken', 'klPerStory', 'perplexity', 'tokens', 'sentences'] as const).map((key) =>
    meanAndDeviation(
      found.map((measures) => measures[key]),
      key === 'tokens' || key === 'klPerStory' ? 1 : 3
    )
  )
]

/** Mean of a share over the five steps that end where the KL first reaches a level; null if it never does. */
function atKl(log: readonly StepLog[], level: number, key: 'poor' | 'good'): number | null {
  const reached = log.findIndex((_, index) => {
    const recent = log.slice(Math.max(0, index - 4), index + 1)
    return recent.length === 5 && recent.reduce((sum, { klPerToken }) => sum + klPerToken, 0) / 5 >= level
  })
  if (reached < 0) return null
  const recent = log.slice(reached - 4, reached + 1)
  return recent.reduce((sum, row) => sum + row[key], 0) / recent.length
}

async function main(): Promise<void> {
  const results = new Map<string, RolloutsResult[]>()
  const at = (found: readonly RolloutsResult[], step: number): StoryMeasures[] =>
    found.flatMap(({ measures }) => measures.get(step) ?? [])
  for (const name of values.methods.split(';')) {
    const settings = methods[name]
    if (!settings) throw new Error(`No method "${name}"; known: ${Object.keys(methods).join('; ')}`)
    const merged = { ...changes, ...settings, algorithm: { ...changes.algorithm, ...settings.algorithm } }
    const found: RolloutsResult[] = []
    for (const seed of seeds)
      found.push(await trainStories(rules, seed, merged, marks, Number(values.samples)))
    results.set(name, found)
    const seconds = found.map(({ secondsPerStep }) => secondsPerStep)
    process.stderr.write(
      `${name}: ${meanAndDeviation(seconds, 2)} s a step; ${measureRow(name, marks[marks.length - 1], at(found, marks[marks.length - 1])).join(' | ')}\n`
    )
  }
  const rows: string[][] = []
  for (const [name, found] of results) {
    if (rows.length === 0) rows.push(measureRow('start', 0, at(found, 0)))
    for (const step of marks) rows.push(measureRow(name, step, at(found, step)))
  }
  console.log(
    `\nRules: ${rules}. Equal samples: ${values.samples} fresh stories, ${seeds.length} seeds ± deviation.\n`
  )
  console.log(table(measureHead, rows))

  const levels = [0.005, 0.01, 0.02, 0.05, 0.1]
  const share = (found: readonly RolloutsResult[], level: number): string => {
    const key = rules === 'poor' ? 'poor' : 'good'
    const reached = found.map(({ log }) => atKl(log, level, key)).filter((value) => value !== null)
    return reached.length === found.length ? meanAndDeviation(reached, 2) : '–'
  }
  console.log(
    `\nEqual KL: share of ${rules === 'poor' ? 'poor' : 'good'} stories in the run's own samples where it first reaches (nats a token)\n`
  )
  console.log(
    table(
      ['method', ...levels.map(String)],
      [...results].map(([name, found]) => [name, ...levels.map((level) => share(found, level))])
    )
  )
}

void main()

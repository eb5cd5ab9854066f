import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configFor, startRun } from '../../src/app/runs/runs'
import type { RunConfigInput } from '../../src/contract/run-config'
import { rulesCritic } from '../../src/critics/rules'
import { createGenerator } from '../../src/engine/generate/generator'
import type { ParameterSet } from '../../src/engine/graph'
import { createScorer } from '../../src/engine/rl/scorer'
import { PaddedBatch } from '../../src/jobs/batch'
import { judge } from '../../src/jobs/critic/judge'
import { openPolicy, startOf } from '../../src/jobs/model/policy'
import { RunFolder } from '../../src/jobs/run/folder'
import { uniforms } from '../../src/pipeline/optimise/chance'
import { sentences } from '../../src/pipeline/review/sentences'
import { sharedPath } from '../../tests/shared-data'

/** The probe of the span-ppo claims: a 260 k-parameter model that tells stories for small children. */
export const storyModel = (): string => sharedPath('models/stories260K')

/** The start token alone, and sixteen ways to begin. */
const openings = [
  '',
  'Once upon a time',
  'One day',
  'There was a little girl',
  'There was a boy',
  'Lily',
  'Tom',
  'Ben',
  'Mia',
  'Sam',
  'The dog',
  'The cat',
  'A bird',
  'Mom',
  'It was a hot day',
  'In a big house',
  'Tim and Sue'
]

const poor = {
  pattern: '\\b(park|ball)\\b',
  flags: 'i',
  scope: 'sentence',
  polarity: -1,
  reason: 'names a park or a ball'
}
const good = { pattern: '\\brain\\b', flags: 'i', scope: 'sentence', polarity: 1, reason: 'names rain' }

/** `poor`: sentences naming a park or a ball are poor. `both`: and those naming rain are good. */
export type Rules = 'poor' | 'both'
const rulesFile = (rules: Rules) => ({ version: 1, rules: rules === 'poor' ? [poor] : [poor, good] })

/** Writes a run folder for one method and seed. */
export function storyRun(
  dir: string,
  rules: Rules,
  seed: number,
  settings: Partial<RunConfigInput>
): RunFolder {
  mkdirSync(dir, { recursive: true })
  const prompts = join(dir, 'prompts.jsonl')
  writeFileSync(prompts, openings.map((prompt) => JSON.stringify({ prompt }) + '\n').join(''))
  const critic = join(dir, 'rules.json')
  writeFileSync(critic, JSON.stringify(rulesFile(rules)))
  const config: RunConfigInput = {
    version: 1,
    seed,
    model: storyModel(),
    template: 'none',
    source: 'rollouts',
    prompts,
    critic: `rules:${critic}`,
    ...settings
  }
  return RunFolder.open(startRun(null, configFor(null, config), join(dir, `run-${seed}`)).dir)
}

/** What fresh samples of a policy are like. Shares of stories; KL over the whole vocabulary in nats. */
export interface StoryMeasures {
  readonly poor: number
  readonly good: number
  readonly klPerToken: number
  readonly klPerStory: number
  /** Of the samples, under the model that training started from. */
  readonly perplexity: number
  readonly tokens: number
  readonly sentences: number
}

const rows = 50
const newTokens = 96
const align = { conflict: 'negative-wins', placement: 'mean', widen: true } as const

/** Opens what measures: `count` fresh samples by a seed that no run uses, prompts in turn. */
export async function openStoryMeter(folder: RunFolder, count = 1000) {
  const policy = await openPolicy(storyModel(), folder.config)
  const { trainable, parameters: start } = startOf(policy, folder.config, false)
  const { model, runtime, tokenizer } = policy
  const critic = rulesCritic(rulesFile('both'), 'rules')
  const prompts = openings.map((content) => tokenizer.prompt([{ role: 'user', content }], 'none'))
  const promptLength = Math.max(...prompts.map(({ length }) => length))
  const length = promptLength + newTokens
  const shape = { model, trainable, runtime, batch: rows }
  const generator = await createGenerator({ ...shape, promptLength, maxNewTokens: newTokens })
  const scorer = await createScorer({ ...shape, length, reference: true })

  const measure = async (parameters: ParameterSet): Promise<StoryMeasures> => {
    const sums = { poor: 0, good: 0, kl: 0, surprise: 0, tokens: 0, sentences: 0 }
    for (let first = 0; first < count; first += rows) {
      const asked = Array.from({ length: rows }, (_, row) => prompts[(first + row) % prompts.length])
      const { sequences } = await generator.generate({
        prompts: asked,
        uniforms: uniforms(20261123, 'evaluation', 0, rows, newTokens, first),
        parameters
      })
      const stories = sequences.map(({ ids }) => ({ messages: [], ids, ...tokenizer.decodeResponse(ids) }))
      const judged = await judge(critic, stories, align)
      const batch = new PaddedBatch(
        sequences.map(({ ids }, row) => ({ promptIds: asked[row], ids })),
        rows,
        length
      )
      const scores = await scorer.score({ ids: batch.ids, temperature: 1, parameters })
      judged.forEach(({ spans }, row) => {
        sums.poor += Number(spans.some(({ label }) => label < 0))
        sums.good += Number(spans.some(({ label }) => label > 0))
        for (const kl of batch.gather(scores.kl, row)) sums.kl += kl
        for (const logProb of batch.gather(scores.referenceLogProbs, row)) sums.surprise -= logProb
        sums.tokens += sequences[row].ids.length
        sums.sentences += sentences(stories[row].text).length
      })
    }
    return {
      poor: sums.poor / count,
      good: sums.good / count,
      klPerToken: sums.kl / sums.tokens,
      klPerStory: sums.kl / count,
      perplexity: Math.exp(sums.surprise / sums.tokens),
      tokens: sums.tokens / count,
      sentences: sums.sentences / count
    }
  }
  return { measure, start: () => measure(start) }
}

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoredAnswer } from '../../../../src/app/runs/data'
import type { RunSource } from '../../../../src/app/runs/prepare'
import { RunDraft } from '../../../../src/app/runs/write'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import { parseRunConfig } from '../../../../src/contract/run-record'
import { numbers } from '../../../pure/engine/checkpoint/random-model'
import { tinyModel } from './tiny-run'

/** Answers of letters; every stretch of vowels that the marker finds is poor. */
export function answers(count: number): StoredAnswer[] {
  const next = numbers(7)
  const letter = (): string => 'abcdefghij klmnop.'[Math.floor(next() * 18)]
  return Array.from({ length: count }, (_, index) => {
    const text = Array.from({ length: 24 }, letter).join('')
    const at = text.search(/[aei]/)
    return {
      responseId: `answer-${index}`,
      documentId: `document-${index}`,
      split: index % 5 === 0 ? ('dev' as const) : ('train' as const),
      messages: [{ role: 'user' as const, content: 'tell me' }],
      text,
      sampled: null,
      submitted: index !== 3,
      annotationIds: [`annotation-${index}`],
      critique: 'vowels',
      spans: at < 0 ? [] : [{ start: at, end: at + 2, polarity: 'poor' as const, reason: 'a vowel' }]
    }
  })
}

export const sourceOf = (given: readonly StoredAnswer[]): RunSource => ({
  answers: () => given,
  prompts: () => []
})

/** A small run folder on stored answers; `settings` as in run.json. */
export function annotatedRun(
  root: string,
  settings: Partial<RunConfigInput> = {},
  given = answers(20)
): string {
  mkdirSync(root, { recursive: true })
  const config = parseRunConfig({
    version: 1,
    model: tinyModel(join(root, 'model')),
    template: 'none',
    source: 'annotated',
    batch: 6,
    steps: 4,
    checkpointEvery: 2,
    evaluateEvery: 2,
    lora: { rank: 4, alpha: 8 },
    ...settings,
    algorithm: { name: 'span-offline', ...settings.algorithm }
  })
  const draft = new RunDraft(join(root, 'run'))
  return draft.commit(draft.prepare(config, sourceOf(given)), config, null)
}

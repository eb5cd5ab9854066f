import { createGenerator } from '../../src/engine/generate/generator'
import type { BaseForm, Model, Trainable } from '../../src/engine/models/model'
import { createPpoStep } from '../../src/engine/rl/ppo-step'
import { createScorer } from '../../src/engine/rl/scorer'
import type { Runtime } from '../../src/engine/session'
import type { SizeName } from '../support/models'

/** What is opened, and run at full size: one of the situations that an estimate is held against. */
export interface MemoryCase {
  readonly name: string
  readonly size: SizeName
  readonly kind: 'lora' | 'full' | 'none'
  readonly base?: BaseForm
  readonly batch: number
  /** Tokens a sequence, the prompt's included. */
  readonly length: number
  readonly parts: readonly ('generator' | 'scorer' | 'step')[]
  /** The step goes through the batch in so many parts. */
  readonly microBatches?: number
  /** The step computes every layer once more instead of keeping it. */
  readonly frugal?: boolean
  /** Times that everything is run: garbage takes some to gather. */
  readonly rounds: number
}

const one = (
  size: MemoryCase['size'],
  kind: MemoryCase['kind'],
  batch: number,
  length: number,
  parts: MemoryCase['parts'],
  more: Partial<Pick<MemoryCase, 'base' | 'microBatches' | 'frugal' | 'rounds'>> = {}
): MemoryCase => ({
  name: [
    `${size} ${kind} B${batch}×T${length} ${parts.join('+')}`,
    more.base ?? '',
    more.frugal ? 'frugal' : '',
    more.microBatches ? `in ${more.microBatches} parts` : ''
  ]
    .filter((word) => word !== '')
    .join(' '),
  ...{ size, kind, batch, length, parts, rounds: 3 },
  ...more
})

/** The eight that the estimate must hit. */
export const memoryCases: readonly MemoryCase[] = [
  one('stories260K', 'lora', 32, 128, ['generator', 'scorer', 'step'], { rounds: 6 }),
  one('m6', 'full', 8, 128, ['step'], { rounds: 6 }),
  one('m6', 'full', 4, 512, ['step']),
  one('m6', 'none', 32, 256, ['generator']),
  one('m88', 'lora', 8, 128, ['step']),
  one('m88', 'lora', 4, 512, ['step'], { frugal: true, rounds: 2 }),
  one('m88', 'lora', 8, 128, ['generator', 'scorer', 'step'], { rounds: 2 }),
  one('m88', 'lora', 8, 128, ['step'], { microBatches: 4, rounds: 2 })
]

/** Opens the sessions of a case, for the measurement and for the estimate alike. */
export async function openParts(
  shape: MemoryCase,
  model: Model,
  trainable: Trainable,
  runtimeFor: (name: string) => Runtime
) {
  const { batch, length, parts, microBatches = 1, frugal = false } = shape
  const promptLength = length >> 1
  const pass = { model, trainable, batch, length, value: false }
  const has = (part: MemoryCase['parts'][number]): boolean => parts.includes(part)
  return {
    generator: has('generator')
      ? await createGenerator({
          ...{ model, trainable, batch, promptLength, maxNewTokens: length - promptLength, greedy: true },
          runtime: runtimeFor('generator')
        })
      : null,
    scorer: has('scorer')
      ? await createScorer({ ...pass, reference: true, runtime: runtimeFor('scorer') })
      : null,
    step: has('step')
      ? await createPpoStep({
          ...{ ...pass, batch: batch / microBatches, accumulate: microBatches > 1 },
          recomputedLayers: frugal ? model.config.layers : 0,
          runtime: runtimeFor('step')
        })
      : null
  }
}

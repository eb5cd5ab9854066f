import type { ParameterSet } from '../../../engine/graph'
import type { Trainable } from '../../../engine/models/model'
import { createTokenClassifier, type TokenClassifier } from '../../../engine/rl/token-classifier-scorer'
import { PaddedBatch, type Sequence } from '../../batch'
import type { Policy } from '../../model/policy'

/** Sequences judged together, and the smaller numbers that have sessions of their own: one answer need not cost 16. */
const ROWS = 16
const rowCounts = [1, 4, ROWS] as const
/** What lengths are rounded up to, and the response tokens of a row, so that few sessions serve all. */
const GRAIN = 32

/** What a session is opened for. */
interface Shape {
  readonly batch: number
  readonly length: number
  readonly responseTokens: number
}

/** The span head over any number of sequences; sessions are opened for the lengths that come. */
export class SpanHeadClassifier {
  private readonly sessions = new Map<string, Promise<TokenClassifier>>()

  constructor(
    private readonly policy: Policy,
    private readonly trainable: Trainable
  ) {}

  /** Of each sequence, the probabilities of its response tokens: [tokens][3] in the order of `tokenClasses`. */
  async classify(
    sequences: readonly Sequence[],
    parameters: ParameterSet,
    between: () => void = () => undefined
  ): Promise<Float32Array[][]> {
    const results = new Array<Float32Array[]>(sequences.length)
    const order = [...sequences.keys()].sort((a, b) => sizeOf(sequences[a]) - sizeOf(sequences[b]) || a - b)
    for (let first = 0; first < order.length; first += ROWS) {
      between()
      const group = order.slice(first, first + ROWS)
      const own = group.map((index) => sequences[index])
      const shape = this.shapeFor(own)
      const batch = new PaddedBatch(own, shape.batch, shape.length)
      const all = await (await this.session(shape)).classify(batch.ids, batch.mask, parameters)
      let place = 0
      group.forEach((index, row) => {
        results[index] = all.slice(place, (place += own[row].ids.length))
      })
    }
    return results
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release()
    this.sessions.clear()
  }

  private shapeFor(own: readonly Sequence[]): Shape {
    const longest = Math.max(...own.map(sizeOf))
    const length = Math.min(Math.ceil(longest / GRAIN) * GRAIN, this.policy.model.config.contextLength)
    const batch = rowCounts.find((rows) => rows >= own.length) ?? ROWS
    const count = own.reduce((sum, { ids }) => sum + ids.length, 0)
    const grain = batch * GRAIN
    return { batch, length, responseTokens: Math.min(Math.ceil(count / grain) * grain, batch * (length - 1)) }
  }

  private session(shape: Shape): Promise<TokenClassifier> {
    const key = Object.values(shape).join(' ')
    const known = this.sessions.get(key)
    if (known) return known
    const { model, runtime } = this.policy
    const made = createTokenClassifier({ model, runtime, trainable: this.trainable, ...shape })
    this.sessions.set(key, made)
    return made
  }
}

const sizeOf = ({ promptIds, ids }: Sequence): number => promptIds.length + ids.length

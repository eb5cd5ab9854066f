import type { ParameterSet } from '../engine/graph'
import type { Trainable } from '../engine/models/model'
import { createTokenClassifier, type TokenClassifier } from '../engine/rl/token-classifier-scorer'
import { PaddedBatch, type Sequence } from './batch'
import type { Policy } from './policy'

/** Sequences judged together, and what their length is rounded up to, so that few sessions serve all. */
const ROWS = 16
const GRAIN = 32

/** The span head over any number of sequences; sessions are opened for the lengths that come. */
export class SpanHeadClassifier {
  private readonly sessions = new Map<number, Promise<TokenClassifier>>()

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
      const length = this.lengthFor(Math.max(...own.map(sizeOf)))
      const batch = new PaddedBatch(own, ROWS, length)
      const mask = batch.scatter(own.map(({ ids }) => ids.map(() => 1)))
      const all = await (await this.session(length)).classify(batch.ids, mask, parameters)
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

  private lengthFor(longest: number): number {
    return Math.min(Math.ceil(longest / GRAIN) * GRAIN, this.policy.model.config.contextLength)
  }

  private session(length: number): Promise<TokenClassifier> {
    const known = this.sessions.get(length)
    if (known) return known
    const { model, runtime } = this.policy
    const responseTokens = ROWS * (length - 1)
    const made = createTokenClassifier({
      ...{ model, runtime, trainable: this.trainable, batch: ROWS, length, responseTokens }
    })
    this.sessions.set(length, made)
    return made
  }
}

const sizeOf = ({ promptIds, ids }: Sequence): number => promptIds.length + ids.length

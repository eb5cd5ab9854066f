import type { RunConfig } from '../../contract/run-config'
import type { MicroBatches } from '../../engine/rl/shares'
import type { Scorer, Scores } from '../../engine/rl/scorer'

/** How the answers of a step are computed: `micro` rows at a time. */
export interface Pieces {
  readonly rows: number
  readonly micro: number
}

export const piecesOf = ({ microBatch }: Pick<RunConfig, 'microBatch'>, rows: number): Pieces => ({
  rows,
  micro: Math.min(rows, microBatch ?? rows)
})

type Arrays = Float32Array | BigInt64Array

/** A batch whose arrays are [rows · T] as batches of [micro · T]; the last is filled up with zeros, which no mask keeps. */
export function cutBatch<Batch extends object>(batch: Batch, { rows, micro }: Pieces): readonly Batch[] {
  if (micro === rows) return [batch]
  const cut = <Data extends Arrays>(data: Data, index: number): Data => {
    const size = (data.length / rows) * micro
    const part = data.slice(index * size, (index + 1) * size)
    if (part.length === size) return part as Data
    const whole = data instanceof Float32Array ? new Float32Array(size) : new BigInt64Array(size)
    ;(whole as Float32Array).set(part as Float32Array)
    return whole as Data
  }
  const isArrays = (value: unknown): value is Arrays =>
    value instanceof Float32Array || value instanceof BigInt64Array
  return Array.from({ length: Math.ceil(rows / micro) }, (_, index) => {
    const fields = Object.entries(batch).map(([name, value]: [string, unknown]) => [
      name,
      isArrays(value) ? cut(value, index) : value
    ])
    return Object.fromEntries(fields) as Batch
  })
}

/** A scorer of `micro` rows as one of `rows`. */
export function scorerInPieces(scorer: Scorer, pieces: Pieces): Scorer {
  if (pieces.micro === pieces.rows) return scorer
  return {
    release: () => scorer.release(),
    score: async (request) => {
      const parts: Scores[] = []
      for (const piece of cutBatch(request, pieces)) parts.push(await scorer.score(piece))
      const joined = (name: keyof Scores): Float32Array => {
        const whole = new Float32Array(request.ids.length)
        let place = 0
        for (const part of parts) {
          whole.set(part[name].subarray(0, whole.length - place), place)
          place += part[name].length
        }
        return whole
      }
      return {
        logProbs: joined('logProbs'),
        referenceLogProbs: joined('referenceLogProbs'),
        kl: joined('kl'),
        entropy: joined('entropy'),
        values: joined('values')
      }
    }
  }
}

interface Step<Batch extends object, Rest extends readonly unknown[], Stats> {
  step(batches: MicroBatches<Batch>, ...rest: Rest): Promise<Stats>
  release(): Promise<void>
}

/** A step that accumulates over batches of `micro` rows as one that takes a batch of `rows`. */
export const stepInPieces = <Batch extends object, Rest extends readonly unknown[], Stats>(
  step: Step<Batch, Rest, Stats>,
  pieces: Pieces
): { step(batch: Batch, ...rest: Rest): Promise<Stats>; release(): Promise<void> } => ({
  release: () => step.release(),
  step: (batch, ...rest) => step.step(cutBatch(batch, pieces), ...rest)
})

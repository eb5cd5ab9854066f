import type { RunConfig } from '../../contract/run-config'
import type { MicroBatches } from '../../engine/rl/shares'
import type { Scorer, ScoreRequest, Scores } from '../../engine/rl/scorer'
import { paddedAlike, sortedByLength, takeRows, type Pieces, type Sized } from './sorted-pieces'

/**
 * With `buckets`, answers are sorted into as many pieces unless `microBatch` says how large those are. `lengths` are those
 * that a piece may be padded to, rising.
 */
export function piecesOf(
  { microBatch, buckets = null }: Pick<RunConfig, 'microBatch'> & Partial<Pick<RunConfig, 'buckets'>>,
  rows: number,
  lengths: readonly number[] = []
): Pieces {
  const micro = Math.min(rows, microBatch ?? Math.ceil(rows / (buckets ?? 1)))
  return { rows, micro, ...(lengths.length > 1 && { lengths }) }
}

/** A step that does not go through in one piece: its gradients are added up. */
export const inParts = ({ rows, micro, lengths }: Pieces): boolean => micro < rows || lengths !== undefined

type Arrays = Float32Array | BigInt64Array

/**
 * A batch whose arrays are [rows · T] as batches of [micro · T]; the last is filled up with zeros, which no mask keeps.
 * With `lengths`, shorter answers come first and each piece has the smallest length that holds its own.
 */
export function cutBatch<Batch extends object>(batch: Batch & Sized, pieces: Pieces): readonly Batch[] {
  const { rows, micro } = pieces
  const sorted = sortedByLength(batch, pieces)
  if (sorted) return sorted.map((piece) => takeRows<Batch>(batch, piece, pieces))
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

/** A scorer of whole batches, whose answers may say how long they are. */
export interface BatchScorer {
  score(request: ScoreRequest & Sized): Promise<Scores>
  release(): Promise<void>
}

/** Scorers of `micro` rows, one for each length, as one of `rows`. */
export function scorerInPieces(opened: Scorer | readonly Scorer[], pieces: Pieces): BatchScorer {
  const scorers = 'score' in opened ? [opened] : opened
  const [scorer] = scorers
  if (!inParts(pieces)) return scorer
  const { rows, lengths } = pieces
  return {
    release: async () => {
      for (const one of scorers) await one.release()
    },
    score: async (request) => {
      const { length: count } = request.ids
      const sorted = sortedByLength(request, pieces) ?? paddedAlike(count / rows, pieces)
      const cut = cutBatch<ScoreRequest>(request, pieces)
      const parts: Scores[] = []
      for (const [index, piece] of cut.entries())
        parts.push(await scorers[lengths?.indexOf(sorted[index].length) ?? 0].score(piece))
      const joined = (name: keyof Scores): Float32Array => {
        const whole = new Float32Array(count)
        sorted.forEach(({ rows: places, length }, index) =>
          places.forEach((row, place) =>
            whole.set(parts[index][name].subarray(place * length, (place + 1) * length), (row * count) / rows)
          )
        )
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
): { step(batch: Batch & Sized, ...rest: Rest): Promise<Stats>; release(): Promise<void> } => ({
  release: () => step.release(),
  step: (batch, ...rest) => step.step(cutBatch<Batch>(batch, pieces), ...rest)
})

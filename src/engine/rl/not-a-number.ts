import { EngineFailure } from '../failure'
import type { ParameterSet, TensorData, Value } from '../graph'
import type { TrainingState } from '../optim/state'
import type { Tensors } from '../session'

/** What was at hand when a step gave a number that is none. */
export interface Evidence {
  /** The loss, its terms and the norms of the gradients. */
  readonly stats: Readonly<Record<string, number>>
  /** Names in `stats` that are norms of gradients. */
  readonly norms: readonly string[]
  /** Sum of squares of each trained tensor's gradient, in the order of the parameters: from the input to the loss. */
  readonly gradientSquares: ReadonlyMap<string, number>
  readonly state: TrainingState
  /** What the step was fed: batch, settings, reference. */
  readonly inputs: Tensors
  /** The model's own weights, as far as they are constants of the graph. */
  readonly constants: readonly Value[]
}

/**
 * Says where a NaN or an infinity came from: a tensor that held one before the step, or else the term of the loss or the
 * gradient that first became one. Looked for in the order in which one causes the next.
 * @returns EngineFailure `not-a-number`
 */
export function notANumber({ stats, norms, gradientSquares, ...held }: Evidence): EngineFailure {
  const found = inWhatWasHeld(held) ?? inTerms(stats, norms, held.state.parameters)
  return new EngineFailure('not-a-number', `${found ?? inGradients(gradientSquares)}; ${remedy}`)
}

const remedy = 'the weights were left as they were, and a lower learning rate may help'

function inWhatWasHeld({
  state,
  inputs,
  constants
}: Pick<Evidence, 'state' | 'inputs' | 'constants'>): string | null {
  const sets: readonly (readonly [string, ParameterSet])[] = [
    ['The trained tensor', state.parameters],
    ["AdamW's first moment of", state.first],
    ["AdamW's second moment of", state.second]
  ]
  for (const [what, set] of sets)
    for (const [name, { data }] of set) {
      const value = firstNonFinite(data)
      if (value !== null) return `${what} ${name} holds ${value}`
    }
  for (const { name, constant } of constants) {
    // A tensor of the checkpoint has a dotted name; other constants are masks and tables of the graph's own.
    const value = constant && name.includes('.') ? firstNonFinite(constant) : null
    if (value !== null) return `The model's own tensor ${name} holds ${value}`
  }
  for (const [name, { data }] of Object.entries(inputs)) {
    const value = firstNonFinite(data)
    if (value !== null) return `The step's input ${name} holds ${value}`
  }
  return null
}

/** Parts before the whole: the loss itself is only blamed when none of its terms is at fault. */
function inTerms(
  stats: Evidence['stats'],
  norms: readonly string[],
  parameters: ParameterSet
): string | null {
  const names = Object.keys(stats).filter((name) => name !== 'loss' && !norms.includes(name))
  const term = [...names, 'loss'].find((name) => !Number.isFinite(stats[name]))
  if (term === undefined) return null
  const largest = largestOf(parameters)
  const weights = largest && ` (the largest is ${largest.value.toExponential(1)}, in ${largest.name})`
  return `The loss term ${term} is ${stats[term]} although every weight is a number${weights ?? ''}`
}

/** The tensor nearest to the loss: from there a NaN spreads to everything below it. */
function inGradients(squares: Evidence['gradientSquares']): string {
  const broken = [...squares].filter(([, square]) => !Number.isFinite(square))
  const nearest = broken.at(-1)
  if (!nearest) return 'The norm of the gradients together overflows'
  const others = broken.length > 1 ? `, and those of ${broken.length - 1} more tensors below it are too` : ''
  const [name, square] = nearest
  return `The gradient of ${name} ${Number.isNaN(square) ? 'holds NaN' : 'overflows'}${others}`
}

/** The first element that is no finite number, or null. Whole numbers and bytes always are. */
export function firstNonFinite(data: TensorData): number | null {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return null
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return data[index]
  return null
}

function largestOf(parameters: ParameterSet): { name: string; value: number } | null {
  let largest: { name: string; value: number } | null = null
  for (const [name, { data }] of parameters) {
    let value = 0
    for (const element of data) value = Math.max(value, Math.abs(Number(element)))
    if (value > (largest?.value ?? 0)) largest = { name, value }
  }
  return largest
}

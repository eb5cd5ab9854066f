import { EngineFailure } from '../failure'
import type { HostTensor, ParameterSet, Value } from '../graph'
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
  return new EngineFailure('not-a-number', `${upperFirst(found ?? inGradients(gradientSquares))}; ${remedy}`)
}

/**
 * The same for a number that came out of the model elsewhere, such as a sampled log-probability; `what` says which.
 * `model` holds the model's own tensors, if they are at hand.
 */
export function outsideStep(
  what: string,
  state: TrainingState,
  model: ReadonlyMap<string, HostTensor> = new Map()
): EngineFailure {
  const largest = largestOf(state.parameters)
  const found = inState(state) ?? inTensors("the model's own tensor", model)
  const cause = found ?? (largest && `the largest trained weight is ${inWords(largest)}`)
  return new EngineFailure('not-a-number', `${what}: ${cause ?? 'no weight is at fault'}.`)
}

const remedy = 'the weights were left as they were, and a lower learning rate may help.'

function inWhatWasHeld({
  state,
  inputs,
  constants
}: Pick<Evidence, 'state' | 'inputs' | 'constants'>): string | null {
  // A tensor of the checkpoint has a dotted name; other constants are masks and tables of the graph's own.
  const model = constants.flatMap(({ name, dtype, constant }) =>
    constant && name.includes('.') ? [[name, { dtype, data: constant }] as const] : []
  )
  return (
    inState(state) ??
    inTensors("the model's own tensor", model) ??
    inTensors("the step's input", Object.entries(inputs))
  )
}

/** The tensor of a training state that holds a NaN or an infinity, in words; null when all are sound. */
export function inState({ parameters, first, second }: TrainingState): string | null {
  return (
    inTensors('the trained tensor', parameters) ??
    inTensors("AdamW's first moment of", first) ??
    inTensors("AdamW's second moment of", second)
  )
}

function inTensors(what: string, tensors: Iterable<readonly [string, Held]>): string | null {
  for (const [name, held] of tensors) {
    const value = firstNonFinite(held)
    if (value !== null) return `${what} ${name} holds ${value}`
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
  const weights = largest && ` (the largest is ${inWords(largest)})`
  return `the loss term ${term} is ${stats[term]} although every weight is a number${weights ?? ''}`
}

/** The tensor nearest to the loss: from there a NaN spreads to everything below it. */
function inGradients(squares: Evidence['gradientSquares']): string {
  const broken = [...squares].filter(([, square]) => !Number.isFinite(square))
  const nearest = broken.at(-1)
  if (!nearest) return 'the norm of the gradients together overflows'
  const others = broken.length > 1 ? `, and those of ${broken.length - 1} more tensors below it are too` : ''
  const [name, square] = nearest
  return `the gradient of ${name} ${Number.isNaN(square) ? 'holds NaN' : 'overflows'}${others}`
}

type Held = Pick<HostTensor, 'dtype' | 'data'>

/** All bits of the exponent: an infinity, or NaN where a bit of the fraction is set as well. */
const exponents: Partial<Record<HostTensor['dtype'], number>> = { float16: 0x7c00, bfloat16: 0x7f80 }

/** The first element that is no finite number, or null. Whole numbers and bytes always are. */
function firstNonFinite({ dtype, data }: Held): number | null {
  const exponent = exponents[dtype]
  if (exponent !== undefined && data instanceof Uint16Array) {
    for (const bits of data)
      if ((bits & exponent) === exponent) return (bits & 0x7fff) > exponent ? NaN : Infinity
    return null
  }
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return null
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return data[index]
  return null
}

interface Largest {
  readonly name: string
  readonly value: number
}

const inWords = ({ name, value }: Largest): string => `${value.toExponential(1)}, in ${name}`

const upperFirst = (sentence: string): string => sentence[0].toUpperCase() + sentence.slice(1)

function largestOf(parameters: ParameterSet): Largest | null {
  let largest: Largest | null = null
  for (const [name, { data }] of parameters) {
    let value = 0
    for (const element of data) value = Math.max(value, Math.abs(Number(element)))
    if (value > (largest?.value ?? 0)) largest = { name, value }
  }
  return largest
}

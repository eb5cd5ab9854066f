import { EngineFailure } from '../failure'
import { elementCount, float32, floats, sameShape, type HostTensor, type ParameterSet } from '../graph'
import { optimizerFeeds, type OptimizerSettings } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime, Session, Tensors } from '../session'
import type { Loss } from './loss'
import { notANumber } from './not-a-number'
import {
  completeGradients,
  completeStep,
  gradientName,
  isValueHead,
  policyNorm,
  squareName,
  sumName,
  updateGraph,
  valueNorm
} from './step-graphs'

/** A training step that is ready to run. */
export interface TrainingStep {
  /**
   * Takes one step, on one batch or on micro-batches one after the other. `state` is replaced only when the step is
   * sound: a NaN or an infinity throws EngineFailure `not-a-number` and leaves it as it was, and tensors whose gradients
   * are all exactly zero keep their very bytes, moments included.
   * Resolves to the loss, its terms, `gradientNorm` and, with a value head, `valueGradientNorm`.
   */
  run(
    microBatches: readonly Tensors[],
    settings: OptimizerSettings,
    state: TrainingState
  ): Promise<Record<string, number>>
  release(): Promise<void>
}

export interface StepOptions {
  /**
   * Forward, backward, clip and AdamW in one run of one graph (the default), for steps of one batch; or gradients that
   * are summed over micro-batches, and AdamW in a small graph of its own. Losses are sums by shares (`tokenShares`), so
   * the sum over micro-batches is the step on all of them at once.
   */
  readonly accumulate?: boolean
  /**
   * With `accumulate`: lengths below that of the step, rising, that micro-batches may have as well. Each is computed by a
   * session of its own.
   */
  readonly shorter?: readonly number[]
}

/** A session and the names of the scalars that it reports. */
interface Part {
  readonly session: Session
  readonly reported: readonly string[]
}

/** Of the losses of a step, which differ in the length of a sequence only. */
interface LossPart extends Part {
  readonly loss: Loss
}

/**
 * Opens the step of a loss, given once for each length that a micro-batch may have (more than one only with
 * `accumulate`). `constantInputs` are fed with every run.
 */
export async function openTrainingStep(
  losses: Loss | readonly Loss[],
  runtime: Runtime,
  constantInputs: Tensors = {},
  { accumulate = false }: StepOptions = {}
): Promise<TrainingStep> {
  const parts: LossPart[] = []
  for (const loss of 'graph' in losses ? [losses] : losses) {
    const reported = accumulate ? completeGradients(loss) : completeStep(loss)
    parts.push({ loss, session: await runtime.open(loss.graph), reported })
  }
  const [whole] = parts
  const { loss } = whole
  if (!accumulate && parts.length > 1)
    throw new RangeError('A step of several lengths has to accumulate over micro-batches.')
  if (!accumulate)
    return {
      run: async (microBatches, settings, state) => {
        if (microBatches.length !== 1) throw new RangeError('This step takes exactly one batch.')
        const inputs = { ...constantInputs, ...microBatches[0] }
        return takeStep(whole, { inputs, stats: {}, loss }, settings, state)
      },
      release: () => whole.session.release()
    }
  const { graph, reported: norms } = updateGraph(loss)
  const update: Part = { session: await runtime.open(graph), reported: norms }
  return {
    run: async (microBatches, settings, state) => {
      const batches = microBatches.map((inputs) => ({ ...constantInputs, ...inputs }))
      const { stats, gradients } = await sumGradients(parts, batches, state)
      return takeStep(update, { inputs: gradients, stats, loss }, settings, state)
    },
    release: async () => {
      for (const { session } of [...parts, update]) await session.release()
    }
  }
}

/** Runs the micro-batches one after the other; terms and gradients (`gradient.NAME`) are added up. */
async function sumGradients(
  parts: readonly LossPart[],
  microBatches: readonly Tensors[],
  state: TrainingState
): Promise<{ stats: Record<string, number>; gradients: Tensors }> {
  const [{ loss, reported }] = parts
  const shapes = [...loss.parameters]
  const feeds: Tensors = {}
  for (const [name, { shape }] of shapes) feeds[name] = stateTensor(state.parameters, name, shape)
  const stats = Object.fromEntries(reported.map((name) => [name, 0]))
  let sums = shapes.map(([, { shape }]) => float32(shape, new Float32Array(elementCount(shape))))
  for (const inputs of microBatches) {
    const before = Object.fromEntries(shapes.map(([name], index) => [sumName(name), sums[index]]))
    const results = await partFor(parts, inputs).session.run({ ...inputs, ...feeds, ...before })
    for (const name of reported) stats[name] += floats(results[name])[0]
    sums = shapes.map(([name]) => results[gradientName(name)])
  }
  return {
    stats,
    gradients: Object.fromEntries(shapes.map(([name], index) => [gradientName(name), sums[index]]))
  }
}

/** Lengths differ in what the losses read as `ids` [B, T]. */
function partFor(parts: readonly LossPart[], { ids }: Tensors): LossPart {
  if (parts.length === 1) return parts[0]
  const found = parts.find(({ loss }) =>
    loss.graph.inputs.some(({ name, shape }) => name === 'ids' && sameShape(shape, ids.shape))
  )
  if (!found) throw new RangeError(`The step has no length for a batch of ${ids.shape.join(' × ')}.`)
  return found
}

interface Taken {
  readonly inputs: Tensors
  /** Scalars that are known already. */
  readonly stats: Readonly<Record<string, number>>
  readonly loss: Loss
}

async function takeStep(
  { session, reported }: Part,
  { inputs, stats: known, loss }: Taken,
  settings: OptimizerSettings,
  state: TrainingState
): Promise<Record<string, number>> {
  const { parameters, graph } = loss
  const stateInputs: Tensors = {}
  for (const [name, { shape }] of parameters) {
    stateInputs[name] = stateTensor(state.parameters, name, shape)
    stateInputs[`first.${name}`] = stateTensor(state.first, name, shape)
    stateInputs[`second.${name}`] = stateTensor(state.second, name, shape)
  }
  const names = [...parameters.keys()]
  const feeds = { ...inputs, ...stateInputs, ...optimizerFeeds(settings, state.step + 1) }
  const updates = names.flatMap((name) => [`next.${name}`, `next.first.${name}`, `next.second.${name}`])
  const results = await session.run(feeds, [...reported, ...updates])
  const stats = {
    ...known,
    ...Object.fromEntries(reported.map((name) => [name, floats(results[name])[0]]))
  }
  if (!Object.values(stats).every(Number.isFinite)) {
    // Only now is the step computed again to ask which gradient it is: asking every time would cost every step.
    const squares = await session.run(feeds, names.map(squareName))
    throw notANumber({
      stats,
      norms: [policyNorm, valueNorm],
      gradientSquares: new Map(names.map((name) => [name, floats(squares[squareName(name)])[0]])),
      state,
      inputs,
      constants: graph.initialisers
    })
  }

  const moves = (name: string): boolean => stats[isValueHead(name) ? valueNorm : policyNorm] !== 0
  const moved = names.filter(moves)
  if (moved.length === 0) return stats
  const replaced = (set: ParameterSet, prefix: string): ParameterSet => {
    const next = new Map(set)
    for (const name of moved) next.set(name, results[prefix + name])
    return next
  }
  state.parameters = replaced(state.parameters, 'next.')
  state.first = replaced(state.first, 'next.first.')
  state.second = replaced(state.second, 'next.second.')
  state.step += 1
  return stats
}

function stateTensor(set: ParameterSet, name: string, shape: readonly number[]): HostTensor {
  const tensor = set.get(name)
  if (!tensor || !sameShape(tensor.shape, shape) || tensor.data.length !== elementCount(shape))
    throw new EngineFailure(
      'tensor-missing',
      `The training state has no tensor ${name} of shape [${shape.join()}]; it belongs to another model or adapter.`
    )
  return tensor
}

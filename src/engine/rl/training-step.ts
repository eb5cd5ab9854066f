import { gradients } from '../autodiff/gradients'
import { EngineFailure } from '../failure'
import { elementCount, floats, sameShape, type HostTensor, type ParameterSet, type Value } from '../graph'
import { valueBias, valueWeight } from '../models/parameters'
import { adamw, optimizerFeeds, optimizerInputs, type OptimizerSettings, type Update } from '../optim/adamw'
import type { TrainingState } from '../optim/state'
import type { Runtime, Session, Tensors } from '../session'
import type { Loss } from './loss'
import { notANumber } from './not-a-number'

/** A training step that is ready to run: forward, backward, clip and AdamW in one run of one graph. */
export interface TrainingStep {
  /**
   * Takes one step. `state` is replaced only when the step is sound:
   * a NaN or an infinity throws EngineFailure `not-a-number` and leaves it as it was, and tensors whose gradients are
   * all exactly zero keep their very bytes, moments included.
   * Resolves to the loss, its terms, `gradientNorm` and, with a value head, `valueGradientNorm`.
   */
  run(inputs: Tensors, settings: OptimizerSettings, state: TrainingState): Promise<Record<string, number>>
  release(): Promise<void>
}

const policyNorm = 'gradientNorm'
const valueNorm = 'valueGradientNorm'
/** Outputs that are fetched only to find out which gradient is no number. */
const squareName = (name: string): string => `square.${name}`

/** Completes the graph of a loss with its gradients and the optimiser. */
export function completeStep({ graph, loss, terms, parameters }: Loss): readonly string[] {
  const names = [...parameters.keys()]
  const made = gradients(loss, [...parameters.values()])
  const gradientOf = new Map(names.map((name, index) => [name, made[index]]))
  const inputs = optimizerInputs(graph)
  const isValue = (name: string): boolean => name === valueWeight || name === valueBias
  const part = (keep: (name: string) => boolean): Map<string, Value> =>
    new Map([...parameters].filter(([name]) => keep(name)))

  graph.output('loss', loss)
  for (const [name, term] of terms) graph.output(name, term)
  // The value head is clipped by itself: its gradient says nothing about how far the policy may move.
  const groups: (readonly [string, Map<string, Value>])[] = [
    [policyNorm, part((name) => !isValue(name))],
    [valueNorm, part(isValue)]
  ]
  const norms: string[] = []
  for (const [normName, tensors] of groups) {
    if (tensors.size === 0) continue
    const update = adamw(graph, tensors, gradientOf, inputs)
    norms.push(graph.output(normName, update.norm).name)
    for (const [name, square] of update.squares) graph.output(squareName(name), square)
    outputUpdate(update, (name, value) => graph.output(name, value))
  }
  return ['loss', ...terms.keys(), ...norms]
}

function outputUpdate({ updated }: Update, output: (name: string, value: Value) => void): void {
  for (const [name, { parameter, first, second }] of updated) {
    output(`next.${name}`, parameter)
    output(`next.first.${name}`, first)
    output(`next.second.${name}`, second)
  }
}

/** Opens the step of a loss. `constantInputs` are fed with every run. */
export async function openTrainingStep(
  loss: Loss,
  runtime: Runtime,
  constantInputs: Tensors = {}
): Promise<TrainingStep> {
  const reported = completeStep(loss)
  const session = await runtime.open(loss.graph)
  return {
    run: (inputs, settings, state) =>
      takeStep(session, reported, { ...constantInputs, ...inputs }, loss, settings, state),
    release: () => session.release()
  }
}

async function takeStep(
  session: Session,
  reported: readonly string[],
  inputs: Tensors,
  { parameters, graph }: Loss,
  settings: OptimizerSettings,
  state: TrainingState
): Promise<Record<string, number>> {
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
  const stats = Object.fromEntries(reported.map((name) => [name, floats(results[name])[0]]))
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

  const moves = (name: string): boolean =>
    stats[name === valueWeight || name === valueBias ? valueNorm : policyNorm] !== 0
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

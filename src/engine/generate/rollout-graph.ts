import {
  add,
  anySize,
  cast,
  equal,
  gather,
  Graph,
  int,
  int64,
  largest,
  loop,
  not,
  or,
  reshape,
  slice,
  where,
  type Value
} from '../graph'
import { causalBias } from '../models/causal-bias'
import { decoder, languageHead } from '../models/decoder'
import type { DecoderConfig } from '../models/decoder-config'
import type { Model, Trainable } from '../models/model'
import { rotation } from '../models/rotation'
import { emptyCache, fillingAttention, growBias, growingAttention, type LayerCache } from './cached-attention'
import { removeUnused } from './remove-unused'
import { rolloutWeights } from './rollout-weights'
import {
  chooseByChance,
  chooseGreedily,
  markHeld,
  penaliseRepetition,
  type SamplingFilters
} from './sampling'

export interface RolloutOptions extends SamplingFilters {
  readonly model: Model
  /** What comes in as inputs under its own names; `none` for the model as it is. */
  readonly trainable: Trainable
  /** Sequences at once. */
  readonly batch: number
  /** Tokens of the longest prompt. */
  readonly promptLength: number
  readonly maxNewTokens: number
  /** Take the likeliest token instead of drawing one. */
  readonly greedy?: boolean
  /** Above 1, tokens that a sequence holds already become less likely. */
  readonly repetitionPenalty?: number
  /** Add an adapter to its matrices before the first token; see `rolloutWeights`. */
  readonly merge: boolean
}

/** What finished sequences emit; nobody reads it. */
export const padToken = 0

/**
 * A whole rollout as one graph: the prompts fill the caches, then an ONNX Loop makes a token a turn and ends early when
 * every sequence has ended. Prompts of unequal length are padded on the left, so that all end at the same place.
 *
 * Inputs: ids int64 [B, P]; positions int64 [B, P], 0 for padding; bias [B, 1, 1, P], `unseen` for padding; ended
 * bool [B, 1], true for rows that are not wanted; unless greedy, uniforms [N, B] and inverse_temperature []; with a repetition
 * penalty, held [B, V]; and what is trained. Outputs: tokens int64 [turns, B, 1], log_probs [turns, B, 1], where a turn
 * after a sequence's end counts for nothing.
 */
export function rolloutGraph(options: RolloutOptions): Graph {
  const { model, trainable, batch, promptLength, maxNewTokens } = options
  const { config } = model
  const graph = new Graph()
  const weights = rolloutWeights(graph, model, trainable, options.merge)
  const longest = promptLength + maxNewTokens
  const rotate = rotation(graph, config, longest)
  const ids = graph.input('ids', 'int64', [batch, promptLength])
  const positions = graph.input('positions', 'int64', [batch, promptLength])
  const bias = promptLength > 1 ? graph.input('bias', 'float32', [batch, 1, 1, promptLength]) : null
  const ended = graph.input('ended', 'bool', [batch, 1])
  const choose = chooser(graph, options)
  const last = promptLength - 1

  // The last token of the prompt is left to the first turn, so that sampling stands in one place only.
  const caches = last > 0 ? fillCaches() : emptyCache(graph, config, batch)

  function fillCaches(): LayerCache[] {
    const filled: LayerCache[] = []
    const before = slice(positions, 1, 0, last)
    const padding = slice(bias as Value, 3, 0, last)
    const causal = causalBias(graph)
    const seen = (window: number | null): Value => causal({ from: 0, to: last, first: 0, window })
    const biases = biasesOf(config, padding, seen)
    const attention = fillingAttention(config, before, biases, rotate, filled)
    decoder(config, weights, slice(ids, 1, 0, last), attention)
    return filled
  }

  const initial = [
    slice(ids, 1, last, last + 1), // token [B, 1]
    slice(positions, 1, last, last + 1), // position [B, 1]
    ended,
    ...caches.flatMap(({ key, value }) => [key, value]),
    ...(bias ? [anyLength(bias, last)] : []),
    ...choose.carried
  ]
  const { collected } = loop(graph, 'rollout', maxNewTokens, initial, (body, turn, carried) => {
    const [token, position, done, ...rest] = carried
    const past = Array.from({ length: config.layers }, (_, layer) => ({
      key: rest[2 * layer],
      value: rest[2 * layer + 1]
    }))
    const after = rest.slice(2 * config.layers)
    const visible = bias ? growBias(after[0]) : null
    const grown: LayerCache[] = []
    const attention = growingAttention(config, position, visible, rotate, past, grown, longest)
    const hidden = decoder(config, weights, token, attention)
    const choice = choose.next(languageHead(config, weights, hidden), turn, after.slice(bias ? 1 : 0))
    const emitted = where(
      done,
      body.initialiser('pad', int64([1], BigInt64Array.of(BigInt(padToken)))),
      choice.token
    )
    const nowDone = endsWith(emitted, done, config.endTokens)
    return {
      proceed: someLeft(nowDone),
      carried: [
        emitted,
        add(position, body.list([1])),
        nowDone,
        ...grown.flatMap(({ key, value }) => [key, value]),
        ...(visible ? [visible] : []),
        ...choice.carried
      ],
      collected: [emitted, choice.logProb]
    }
  })
  graph.output('tokens', collected[0])
  graph.output('log_probs', collected[1])
  return removeUnused(graph)
}

interface Chooser {
  readonly carried: readonly Value[]
  next(
    logits: Value,
    turn: Value,
    carried: readonly Value[]
  ): { token: Value; logProb: Value; carried: readonly Value[] }
}

/** How a turn gets from logits [B, V] to a token, and what it has to carry for that. */
function chooser(graph: Graph, options: RolloutOptions): Chooser {
  const { batch, maxNewTokens, greedy = false, repetitionPenalty: penalty = 1, model } = options
  const held = penalty === 1 ? [] : [graph.input('held', 'float32', [batch, model.config.vocabularySize])]
  const uniforms = greedy ? null : graph.input('uniforms', 'float32', [maxNewTokens, batch])
  const inverseTemperature = greedy ? null : graph.input('inverse_temperature', 'float32', [])
  return {
    carried: held,
    next(logits, turn, [heldBefore]) {
      const allowed = heldBefore ? penaliseRepetition(logits, heldBefore, penalty) : logits
      const { token, logProb } =
        uniforms && inverseTemperature
          ? chooseByChance(allowed, inverseTemperature, reshape(gather(uniforms, turn), [batch, 1]), options)
          : chooseGreedily(allowed)
      return { token, logProb, carried: heldBefore ? [markHeld(heldBefore, token)] : [] }
    }
  }
}

/** Of each layer: padding [B, 1, 1, T] and the order of tokens [1, 1, T, T] -> [B, 1, T, T]. */
function biasesOf(
  { attention }: DecoderConfig,
  padding: Value,
  causal: (window: number | null) => Value
): readonly Value[] {
  const sums = new Map<Value, Value>()
  return attention.map(({ window }) => {
    const order = causal(window)
    const sum = sums.get(order) ?? add(padding, order)
    sums.set(order, sum)
    return sum
  })
}

/** The first `length` places of the bias, declared as an axis that grows. */
function anyLength(bias: Value, length: number): Value {
  const batch = bias.shape[0]
  const shape = [batch, 1, 1, anySize]
  return bias.graph.node('Concat', [slice(bias, 3, 0, length)], { axis: int(3) }, [['float32', shape]])[0]
}

/** done [B, 1] or the token [B, 1] is an end token. */
function endsWith(token: Value, done: Value, endTokens: readonly number[]): Value {
  return endTokens.reduce((ended, end) => or(ended, equal(token, token.graph.list([end]))), done)
}

/** bool scalar: a row of done [B, 1] is false. */
const someLeft = (done: Value): Value => {
  const left = largest(cast(not(done), 'int32'))
  return cast(left, 'bool')
}

import {
  add,
  anySize,
  cast,
  equal,
  Graph,
  int64,
  largest,
  loop,
  not,
  or,
  reshape,
  where,
  type Value
} from '../graph'
import { decoder, languageHead } from '../models/decoder'
import type { Model, Trainable } from '../models/model'
import { rotation } from '../models/rotation'
import { cachedAttention, type LayerCache } from './cached-attention'
import { fuseNorms } from './fuse-norms'
import { removeUnused } from './remove-unused'
import { rolloutWeights, type RolloutWeights } from './rollout-weights'
import { chooser, type SamplingOptions } from './sampling'
import { appendPositions, visibility } from './visibility'

export interface RolloutOptions extends SamplingOptions {
  readonly model: Model
  /** What comes in as inputs; `none` for the model as it is. */
  readonly trainable: Trainable
  /** Sequences at once. */
  readonly batch: number
  /** Tokens of the longest prompt. */
  readonly promptLength: number
  readonly maxNewTokens: number
  /** Read the older part of the cache where it lies; left out, where the cache is large enough for that to pay. */
  readonly cacheInParts?: boolean
}

export interface RolloutGraph {
  readonly graph: Graph
  /** What is trained, as the graph wants it fed. */
  readonly feed: RolloutWeights['feed']
  /** The graph hides keys by their positions: it has the inputs `keys` and `seen_keys`. */
  readonly hides: boolean
  /** The graph reads a part of the cache where it lies: it has the inputs `older_…`. */
  readonly parts: boolean
}

/** What finished sequences emit; nobody reads it. */
export const padToken = 0

/** Name of a layer's cache in the graph, after `older_`, `newer_` or `next_newer_`. */
export const cacheName = (layer: number, kind: 'key' | 'value'): string => `${kind}_${layer}`

/** A cache of fewer bytes a token is copied whole each turn: that is cheaper than attention in two parts. */
const twoPartsFrom = 16384

/**
 * Turns of a rollout as one graph, an ONNX Loop that makes a token a turn and ends early when every sequence has ended.
 * The first turn may be fed any number of tokens: a prompt, a piece of one, or the token that was made last. So one
 * session, with one prepared copy of the weights, serves for prompts, for runs of many turns and for single steps.
 *
 * Inputs, T ≥ 1 tokens (1 if no prompt is longer) after S in `older` and S' in `newer` caches:
 * turns int64 []; ids int64 [B, T], position int64 [B, T], prompts padded on the left, with position 0; ended bool
 * [B, 1], rows that are not wanted; newer_key_L and newer_value_L [B, G, S', size]; with `parts`, older_key_L and
 * older_value_L [B, G, S, size]; with `hides`, keys int64 [B, T], the positions again but `nowhere` for padding, and
 * seen_keys int64 [B, S + S'], those before; what sampling needs (see `chooser`); and what is trained.
 * Outputs: tokens int64 [turns, B, 1]; log_probs and policy_log_probs [turns, B, 1], where a turn after a sequence's
 * end counts for nothing; and newer caches under the same names with `next_` before them.
 */
export function rolloutGraph(options: RolloutOptions): RolloutGraph {
  const { model, trainable, batch, promptLength, maxNewTokens } = options
  const { config } = model
  const { layers, keyValueHeads, headSize } = config
  const graph = new Graph()
  const { weights, feed } = rolloutWeights(graph, model, trainable)
  const longest = promptLength + maxNewTokens
  const rotate = rotation(graph, config, longest)
  const length = promptLength > 1 ? anySize : 1
  const hides = promptLength > 1 || config.attention.some(({ window }) => window !== null && window < longest)
  const bytesPerColumn = layers * 2 * batch * keyValueHeads * headSize * 4
  const parts = options.cacheInParts ?? bytesPerColumn >= twoPartsFrom

  const turns = graph.input('turns', 'int64', [])
  const ids = graph.input('ids', 'int64', [batch, length])
  const position = graph.input('position', 'int64', [batch, length])
  const ended = graph.input('ended', 'bool', [batch, 1])
  const keys = hides ? graph.input('keys', 'int64', [batch, length]) : null
  const seen = hides ? graph.input('seen_keys', 'int64', [batch, anySize]) : null
  const caches = (part: 'older' | 'newer'): LayerCache[] =>
    Array.from({ length: layers }, (_, layer) => {
      const half = (kind: 'key' | 'value'): Value =>
        graph.input(`${part}_${cacheName(layer, kind)}`, 'float32', [batch, keyValueHeads, anySize, headSize])
      return { key: half('key'), value: half('value') }
    })
  const older = parts ? caches('older') : null
  const choose = chooser(graph, batch, config.vocabularySize, options)

  const initial = [
    ids,
    position,
    ended,
    ...(keys && seen ? [keys, seen] : []),
    ...caches('newer').flatMap(({ key, value }) => [key, value]),
    ...choose.carried
  ]
  const { carried: last, collected } = loop(graph, 'turn', turns, initial, (body, turn, carried) => {
    const [token, at, done, ...rest] = carried
    const [keysNow, keysBefore] = hides ? rest.splice(0, 2) : []
    const newer = Array.from({ length: layers }, (_, layer) => ({
      key: rest[2 * layer],
      value: rest[2 * layer + 1]
    }))
    const keysSeen = hides ? appendPositions(keysBefore, keysNow) : null
    const bias = keysSeen ? visibility(config, at, keysSeen) : () => null
    const grown: LayerCache[] = []
    const attention = cachedAttention({ config, positions: at, rotate, bias, older, newer, grown })
    const hidden = lastOfEach(decoder(config, weights, token, attention), batch)
    const logits = languageHead(config, weights, hidden)
    const choice = choose.next(logits, turn, rest.slice(2 * layers))
    const emitted = where(
      done,
      body.initialiser('pad', int64([1], BigInt64Array.of(BigInt(padToken)))),
      choice.token
    )
    const nowDone = endsWith(emitted, done, config.endTokens)
    const nextAt = add(length === 1 ? at : lastColumn(at), body.list([1]))
    return {
      proceed: someLeft(nowDone),
      carried: [
        emitted,
        nextAt,
        nowDone,
        ...(keysSeen ? [nextAt, keysSeen] : []),
        ...grown.flatMap(({ key, value }) => [key, value]),
        ...choice.carried
      ],
      collected: [emitted, choice.logProb, choice.policyLogProb]
    }
  })
  const names = ['tokens', 'log_probs', 'policy_log_probs']
  collected.forEach((value, index) => graph.output(names[index], value))
  const firstCache = hides ? 5 : 3
  for (let layer = 0; layer < layers; layer++)
    (['key', 'value'] as const).forEach((kind, half) =>
      graph.output(`next_newer_${cacheName(layer, kind)}`, last[firstCache + 2 * layer + half])
    )
  return { graph: fuseNorms(removeUnused(graph)), feed, hides, parts }
}

/** The rows of each sequence's last token: [B·T, D] -> [B, D]. */
function lastOfEach(hidden: Value, batch: number): Value {
  const [rows, size] = hidden.shape
  if (rows === batch) return hidden
  return reshape(lastColumn(reshape(hidden, [batch, rows / batch, size])), [batch, size])
}

/** [B, T, ...] -> [B, 1, ...], the last. */
function lastColumn(a: Value): Value {
  const limits = [[-1], [Number.MAX_SAFE_INTEGER], [1]].map((values) => a.graph.list(values))
  const [batch, , ...rest] = a.shape
  return a.graph.node('Slice', [a, ...limits], {}, [[a.dtype, [batch, 1, ...rest]]])[0]
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

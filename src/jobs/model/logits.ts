import { floats, Graph, int64 } from '../../engine/graph'
import { causalAttention } from '../../engine/models/causal-attention'
import { everyToken } from '../../engine/models/token-rows'
import { decoder, languageHead } from '../../engine/models/decoder'
import type { Model } from '../../engine/models/model'
import { bindWeights } from '../../engine/models/weights'
import { checkSequence, openModel, type ModelChoice, type OpenModel } from './open'

/** Logits of every position by one full forward pass, [ids][vocabulary]. Throws what opening the model throws. */
export async function modelLogits(
  choice: ModelChoice,
  ids: readonly number[]
): Promise<{ logits: number[][] }> {
  const opened = await openModel(choice)
  checkSequence(opened.model, ids)
  const logits = await forwardLogits(opened, ids)
  const size = opened.model.config.vocabularySize
  return { logits: ids.map((_, t) => [...logits.subarray(t * size, (t + 1) * size)]) }
}

/** The same of a model in memory: [ids · vocabulary], row-major. */
export async function forwardLogits(
  { model, trainable, parameters, runtime }: Omit<OpenModel, 'model'> & { readonly model: Model },
  ids: readonly number[]
): Promise<Float32Array> {
  const { config } = model
  const graph = new Graph()
  const { policy, parameters: bound } = bindWeights(graph, model, trainable, false)
  const input = graph.input('ids', 'int64', [1, ids.length])
  const hidden = decoder(config, policy, input, causalAttention(graph, config, everyToken(1, ids.length)))
  graph.output('logits', languageHead(config, policy, hidden))
  const session = await runtime.open(graph)
  const trained = [...parameters].filter(([name]) => bound.has(name))
  const sequence = int64([1, ids.length], BigInt64Array.from(ids, BigInt))
  const { logits } = await session.run({ ...Object.fromEntries(trained), ids: sequence })
  await session.release()
  return floats(logits)
}

import { floats, Graph, int64 } from '../engine/graph'
import { causalAttention } from '../engine/models/causal-attention'
import { decoder, languageHead } from '../engine/models/decoder'
import { bindWeights } from '../engine/models/weights'
import { checkSequence, openModel, type ModelChoice } from './open-model'

/** Logits of every position by one full forward pass, [ids][vocabulary]. Throws what opening the model throws. */
export async function modelLogits(
  choice: ModelChoice,
  ids: readonly number[]
): Promise<{ logits: number[][] }> {
  const { model, trainable, parameters, runtime } = await openModel(choice)
  checkSequence(model, ids)
  const { config } = model
  const graph = new Graph()
  const { policy, parameters: bound } = bindWeights(graph, model, trainable, false)
  const input = graph.input('ids', 'int64', [1, ids.length])
  const hidden = decoder(config, policy, input, causalAttention(graph, config, 1, ids.length))
  graph.output('logits', languageHead(config, policy, hidden))
  const session = await runtime.open(graph)
  const trained = [...parameters].filter(([name]) => bound.has(name))
  const sequence = int64([1, ids.length], BigInt64Array.from(ids, BigInt))
  const { logits } = await session.run({ ...Object.fromEntries(trained), ids: sequence })
  await session.release()
  const size = config.vocabularySize
  return { logits: ids.map((_, t) => [...floats(logits).subarray(t * size, (t + 1) * size)]) }
}

import { describe, expect, test } from 'vitest'
import { Graph, matmul, gather } from '../../../../src/engine/graph'
import { estimateMemory } from '../../../../src/engine/memory/estimate'
import { phantomModel } from '../../../../src/engine/memory/phantom-model'
import { sessionWeightBytes } from '../../../../src/engine/memory/session-weights'
import { parseConfig } from '../../../../src/engine/models/families'
import { weightBytes, type BaseForm, type Trainable } from '../../../../src/engine/models/model'
import { createPpoStep } from '../../../../src/engine/rl/ppo-step'

const tinyLlama = parseConfig({
  model_type: 'llama',
  vocab_size: 32_000,
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-5,
  torch_dtype: 'bfloat16'
})

const modules = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
const GB = 1e9

const estimate = (trainable: Trainable, batch: number, length: number, form: BaseForm = 'full') => {
  const model = phantomModel(tinyLlama, { form })
  return estimateMemory({
    model,
    trainable,
    value: false,
    open: (runtimeFor) =>
      createPpoStep({ model, trainable, batch, length, value: false, runtime: runtimeFor('step') })
  })
}

const lora = (rank: number): Trainable => ({ kind: 'lora', lora: { rank, alpha: 2 * rank, modules } })

describe('an estimate before anything is loaded', () => {
  test('of 1.1 billion weights takes none of their memory', async () => {
    const before = process.memoryUsage().rss
    const { total, weights } = await estimate(lora(16), 1, 256)
    expect(weights).toBeCloseTo(4 * 1.1e9, -8.5)
    expect(total).toBeGreaterThan(weights)
    expect(process.memoryUsage().rss - before).toBeLessThan(0.5 * GB)
  })

  test('knows how the base is held', () => {
    const bytes = (form: BaseForm): number => weightBytes(phantomModel(tinyLlama, { form }))
    expect(bytes('stored') / bytes('full')).toBeCloseTo(0.5, 2)
    expect(bytes('4-bit') / GB).toBeGreaterThan(1)
    expect(bytes('4-bit') / GB).toBeLessThan(1.3)
  })

  test('rises with the batch and the rank, and counts the optimiser twice', async () => {
    const [small, more, wide] = [
      await estimate(lora(8), 1, 128),
      await estimate(lora(8), 4, 128),
      await estimate(lora(32), 1, 128)
    ]
    expect(more.sessions[0].activations).toBeGreaterThan(2.5 * small.sessions[0].activations)
    expect(wide.trained).toBe(4 * small.trained)
    expect(wide.optimizer).toBe(2 * wide.trained)
    expect(wide.total).toBeGreaterThan(small.total)
  })
})

describe("a session's own copies of weights", () => {
  const weight = { dtype: 'float32', shape: [512, 512], data: new Float32Array(512 * 512) } as const
  const MB = 2 ** 20

  test('one for each way of reading, none for what is shared', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [8, 512])
    const ids = graph.input('ids', 'int64', [8])
    const own = graph.initialiser('own', weight)
    const shared = graph.initialiser('shared', weight, { shared: true })
    graph.output('a', matmul(x, own, { transposeB: true }))
    graph.output('b', matmul(x, own, { transposeB: true }))
    graph.output('c', matmul(x, shared, { transposeB: true }))
    expect(sessionWeightBytes(graph).kept).toBe(MB)
    graph.output('d', matmul(x, own))
    expect(sessionWeightBytes(graph).kept).toBe(2 * MB)
    graph.output('e', gather(own, ids))
    expect(sessionWeightBytes(graph).kept).toBe(3 * MB)
  })
})

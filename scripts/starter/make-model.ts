/**
 * Makes resources/starter-model again: a tokenizer and a Llama of 149 thousand weights, trained from scratch by this
 * repository's engine on texts that this repository makes. The same seed gives the same bytes on the same machine.
 * A minute and a half of two quiet cores.
 *
 *   npx tsx scripts/starter/make-model.ts [--out resources/starter-model] [--steps 900] [--seed 1]
 */
import { parseArgs } from 'node:util'
import { jsonFile, utf8, writeFolderAtomically } from '../../src/engine/checkpoint/atomic-write'
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors'
import { elementCount, float32, type ParameterSet } from '../../src/engine/graph'
import type { DecoderConfig } from '../../src/engine/models/decoder-config'
import { parseConfig } from '../../src/engine/models/families'
import { checkpointShapes } from '../../src/engine/models/names'
import { newTrainingState } from '../../src/engine/optim/state'
import { createSupervisedStep } from '../../src/engine/rl/supervised-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { chance } from '../../src/pipeline/optimise/chance'
import { openTokenizer, type PolicyTokenizer } from '../../src/tokens/tokenizer'
import { learnMerges, tokenizerConfigJson, tokenizerJson } from './byte-pairs'
import { batchOf, habitsAt, lessonOf } from './lessons'
import { careless } from './writer'

const rows = 32
const length = 88
const highestRate = 3e-3
const warmup = 50
/** More merges than this world's words have: every word becomes one token. */
const mostMerges = 600

async function makeModel(out: string, steps: number, seed: number): Promise<void> {
  const texts = Array.from({ length: 4000 }, (_, n) => lessonOf(seed, steps, n, careless))
  const merges = learnMerges(
    texts.flatMap(({ prompt, answer }) => [`${prompt}\n\n`, answer]),
    mostMerges
  )
  const tokenizerFile = tokenizerJson(merges)
  const tokenizer = openTokenizer(tokenizerFile, tokenizerConfigJson)
  const configFile = configOf(tokenizer)
  const config = parseConfig(configFile)
  const model = { config, tensors: initialWeights(config, seed) }
  const training = await createSupervisedStep({
    model,
    trainable: { kind: 'full' },
    batch: rows,
    length,
    runtime: openRuntime({ device: 'cpu', threads: 2, spinning: false })
  })
  const state = newTrainingState(model.tensors)
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1000
  let recent = 0
  for (let step = 0; step < steps; step++) {
    const lessons = Array.from({ length: rows }, (_, n) => lessonOf(seed, step, n, habitsAt(step, steps)))
    const settings = { learningRate: rateAt(step, steps), weightDecay: 0.01, gradientClip: 1 }
    const { loss } = await training.step(batchOf(lessons, tokenizer, length), settings, state)
    recent = recent === 0 ? loss : 0.95 * recent + 0.05 * loss
    if (step % 50 === 49)
      console.error(
        `step ${step + 1} of ${steps}: ${recent.toFixed(3)} nats a token, ${seconds().toFixed(0)} s`
      )
  }
  await training.release()

  writeFolderAtomically(
    out,
    new Map<string, readonly Uint8Array[]>([
      ['config.json', jsonFile(configFile)],
      ['model.safetensors', encodeSafetensors(state.parameters)],
      ['tokenizer.json', [utf8(`${JSON.stringify(tokenizerFile)}\n`)]],
      ['tokenizer_config.json', jsonFile(tokenizerConfigJson)]
    ])
  )
  console.error(`${out} written after ${seconds().toFixed(0)} s.`)
}

/** config.json. Two layers of width 64 are enough to look a word up on the card. */
const configOf = ({ vocabularySize, bos, eos }: PolicyTokenizer) => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 176,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 16,
  vocab_size: vocabularySize,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  bos_token_id: bos,
  eos_token_id: eos,
  attention_bias: false,
  dtype: 'float32'
})

/** Rises over the first steps, stays, and falls to a twentieth over the last third. */
function rateAt(step: number, steps: number): number {
  return highestRate * Math.min(1, (step + 1) / warmup, Math.max(0.05, (steps - step) / (0.35 * steps)))
}

/** Normal, with a deviation of 1 / sqrt(inputs), less for what is added to the residual stream; gains are 1. */
function initialWeights(of: DecoderConfig, seed: number): ParameterSet {
  const draws = chance(seed, 'parameters')
  const weights: ParameterSet = new Map()
  for (const [name, shape] of checkpointShapes(of)) {
    const residual = /(o_proj|down_proj)\.weight$/.test(name) ? 1 / Math.sqrt(2 * of.layers) : 1
    const deviation = name.includes('embed') ? 0.05 : residual / Math.sqrt(shape[1])
    const data = Float32Array.from({ length: elementCount(shape) }, () =>
      shape.length === 1 ? 1 : draws.normal() * deviation
    )
    weights.set(name, float32(shape, data))
  }
  return weights
}

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'resources/starter-model' },
    steps: { type: 'string', default: '900' },
    seed: { type: 'string', default: '1' }
  }
})
makeModel(options.out, Number(options.steps), Number(options.seed)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})

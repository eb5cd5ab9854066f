import { jsonFile, utf8, writeFolderAtomically } from '../../src/engine/checkpoint/atomic-write'
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors'
import { parseConfig } from '../../src/engine/models/families'
import { newTrainingState } from '../../src/engine/optim/state'
import { createSupervisedStep } from '../../src/engine/rl/supervised-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { firstWeights } from './first-weights'
import { noteBatch, type NoteShape } from './notes'
import { baseTokenizer } from './tokenizer'

export interface BaseOptions {
  readonly seed: number
  readonly threads: number
  readonly steps?: number
  readonly say?: (line: string) => void
}

const defaultSteps = 450
/** Tokens that the base reads. */
const contextLength = 320
/** Of a batch of notes, and how many tokens of a note are learnt at most. */
const [rows, length, learnt] = [32, 76, 16]
const highestRate = 1.5e-3
const warmup = 50

/**
 * Writes a model of 0.8 million weights, trained from scratch by this repository's engine, that has learnt one thing: to
 * look up, by its label, a value that it has just read. It has read every word of the task, in any place, and no judgement.
 */
export async function makeCriticBase(out: string, options: BaseOptions): Promise<void> {
  const { seed, threads, steps = defaultSteps, say = () => undefined } = options
  const { files, ...language } = baseTokenizer(contextLength)
  const configFile = { ...shape, vocab_size: language.tokenizer.vocabularySize }
  const config = parseConfig(configFile)
  const model = { config, tensors: firstWeights(config, seed) }
  const runtime = openRuntime({ device: 'cpu', threads, spinning: false })
  const trained = { model, trainable: { kind: 'full' as const }, batch: rows, length, runtime }
  const training = await createSupervisedStep({ ...trained, responseTokens: rows * learnt })
  const state = newTrainingState(model.tensors)
  for (let step = 0; step < steps; step++) {
    const batch = noteBatch(language, shapeAt(step / steps), { seed, step })
    const settings = { learningRate: rateAt(step, steps), weightDecay: 0.01, gradientClip: 1 }
    const { loss } = await training.step(batch, settings, state)
    if (step % 50 === 49) say(`base: step ${step + 1} of ${steps}, ${loss.toFixed(3)} nats a token`)
  }
  await training.release()
  writeFolderAtomically(
    out,
    new Map<string, readonly Uint8Array[]>([
      ['config.json', jsonFile(configFile)],
      ['model.safetensors', encodeSafetensors(state.parameters)],
      ['tokenizer.json', [utf8(`${JSON.stringify(files.tokenizer)}\n`)]],
      ['tokenizer_config.json', jsonFile(files.config)]
    ])
  )
}

/** Few lines first, then many, then sentences as well: what there is little of is found soon. */
const shapeAt = (done: number): NoteShape => ({
  ...{ rows, length },
  lines: done < 0.3 ? 3 : 6,
  told: done < 0.4 ? 0 : 0.5
})

/** Rises over the first steps, stays, and falls to a tenth over the last third. */
const rateAt = (step: number, steps: number): number =>
  highestRate * Math.min(1, (step + 1) / warmup, Math.max(0.1, (steps - step) / (0.3 * steps)))

/** config.json. Qwen2 is Llama with biases on queries and keys, which `lookBack` needs. */
const shape = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 32,
  max_position_embeddings: contextLength,
  rms_norm_eps: 1e-5,
  // Replies are short: with the usual 10,000 most of a head tells one place from the next not at all.
  rope_theta: 200,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 1,
  dtype: 'float32'
} as const

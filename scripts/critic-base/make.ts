import { jsonFile, utf8, writeFolderAtomically } from '../../src/engine/checkpoint/atomic-write'
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors'
import { parseConfig } from '../../src/engine/models/families'
import { newTrainingState } from '../../src/engine/optim/state'
import { createSupervisedStep } from '../../src/engine/rl/supervised-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { chance } from '../../src/pipeline/optimise/chance'
import { dealWords } from './dealt-words'
import { firstWeights } from './first-weights'
import { noteBatch } from './note-batch'
import { kinds } from './notes'
import { baseTokenizer } from './tokenizer'

export interface BaseOptions {
  readonly seed: number
  readonly threads: number
  readonly say?: (line: string) => void
}

/** Tokens that the base reads. */
const contextLength = 320
/** Of a batch of notes, which are of each kind in turn. */
const [rows, length] = [24, contextLength]
const learnt = kinds.reduce((sum, { most }) => sum + most, 0) / kinds.length
const highestRate = 1.5e-3
const warmup = 50
/** Nats a token, the mean of so many steps, at which the rate begins to fall, and steps that are too many for it. */
const [enough, watched, most] = [0.05, 20, 2500]
/** Steps in which the rate falls to a tenth. */
const cooling = 250

/**
 * Writes a model of a million weights, trained from scratch by this repository's engine, that has learnt to look up a
 * value by its label, to say whether two are alike, and to write that down as a critic's reply. All of it about values
 * and sentences that are made up; and as words exchange their vectors at every step, nothing of any word is learnt.
 * @throws Error when it has not learnt that in 2,500 steps
 */
export async function makeCriticBase(out: string, options: BaseOptions): Promise<void> {
  const { seed, threads, say = () => undefined } = options
  const { files, tokenizer, words } = baseTokenizer(contextLength)
  const configFile = { ...shape, vocab_size: tokenizer.vocabularySize }
  const config = parseConfig(configFile)
  const model = { config, tensors: firstWeights(config, seed) }
  const runtime = openRuntime({ device: 'cpu', threads, spinning: false })
  const trained = { model, trainable: { kind: 'full' as const }, batch: rows, length, runtime }
  const training = await createSupervisedStep({ ...trained, responseTokens: rows * learnt })
  const state = newTrainingState(model.tensors)
  const embedding = `${config.names.embedding}.weight`
  const vectors = model.tensors.get(embedding)
  if (!vectors) throw new Error(`There are no weights called ${embedding}.`)
  const ids = words.map((word) => tokenizer.encode(` ${word}`)[0])
  const losses: number[] = []
  const take = async (rate: number): Promise<void> => {
    const notes = Array.from({ length: rows }, (_, row) =>
      kinds[row % kinds.length].draw(chance(seed, 'text', losses.length, row), words)
    )
    const settings = { learningRate: highestRate * rate, weightDecay: 0.01, gradientClip: 1 }
    const { loss } = await training.step(noteBatch(tokenizer, notes, length), settings, state)
    losses.push(loss)
    const dealt = dealWords(vectors, ids, chance(seed, 'parameters', losses.length))
    state.parameters = new Map([...state.parameters, [embedding, dealt]])
    if (losses.length % 50 === 0) say(`base: step ${losses.length}, ${recent().toFixed(3)} nats a token`)
  }
  const recent = (): number => losses.slice(-watched).reduce((sum, loss) => sum + loss, 0) / watched
  while (losses.length < watched || recent() > enough) {
    if (losses.length === most)
      throw new Error(`${recent().toFixed(3)} nats a token after ${most} steps: try another seed.`)
    await take(Math.min(1, (losses.length + 1) / warmup))
  }
  for (let left = cooling; left > 0; left--) await take(Math.max(0.1, left / cooling))
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

/** config.json. Qwen2 is Llama with biases on queries and keys, which `lookBack` needs. */
const shape = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 4,
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

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openModelFolder, type ModelFolder } from '../src/engine/checkpoint/model-folder'
import { encodeSafetensorsHeader } from '../src/engine/checkpoint/safetensors'
import { createGenerator } from '../src/engine/generate/generator'
import { elementCount, type Shape } from '../src/engine/graph'
import { parseConfig } from '../src/engine/models/families'
import { weightBytes, type BaseForm, type Trainable } from '../src/engine/models/model'
import { checkpointShapes, loraModules } from '../src/engine/models/names'
import { loraParameters, valueHeadParameters } from '../src/engine/models/parameters'
import { newTrainingState } from '../src/engine/optim/state'
import { createPpoStep } from '../src/engine/rl/ppo-step'
import { createScorer } from '../src/engine/rl/scorer'
import { openRuntime } from '../src/engine/runtime/session'
import { chance, uniforms } from '../src/pipeline/optimise/chance'

/**
 * A Llama of 1.1 billion parameters in TinyLlama's shape with random BF16 weights: 64 tokens generated after a prompt of
 * 192, those 256 scored, and one LoRA PPO step on them, with the base held in each form. Each form has a process of its
 * own, whose greatest resident memory is printed after every stage and held against the form's limit.
 * `npm run bench -- big [FORM …] [--threads=N] [--layers=N]`; without forms: full, stored, 4-bit. It writes 2.2 GB into
 * the system's folder for temporary files and deletes them at the end.
 */
const limits: Readonly<Record<BaseForm, number>> = { full: 20, stored: 20, '4-bit': 8 }
const isForm = (text: string): text is BaseForm => Object.hasOwn(limits, text)

const [promptLength, newTokens] = [192, 64]
const length = promptLength + newTokens
const shardBytes = 1e9

const option = (name: string, fallback: number): number =>
  Number(process.argv.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? fallback)

const configuration = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 32_000,
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: option('layers', 22),
  num_attention_heads: 32,
  num_key_value_heads: 4,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: false,
  dtype: 'bfloat16',
  bos_token_id: 1,
  eos_token_id: null
}

/** Writes the model tensor by tensor; weights are normal numbers with deviation 0.02. */
function makeModel(dir: string): void {
  const shapes = [...checkpointShapes(parseConfig(configuration))]
  const shards: (readonly [string, Shape])[][] = [[]]
  let filled = 0
  for (const entry of shapes) {
    const bytes = 2 * elementCount(entry[1])
    if (filled + bytes > shardBytes) {
      shards.push([])
      filled = 0
    }
    shards[shards.length - 1].push(entry)
    filled += bytes
  }
  const draw = chance(1, 'parameters')
  const pool = bfloat16(Float32Array.from({ length: 1 << 22 }, () => 0.02 * draw.normal()))
  const ones = new Uint16Array(1 << 16).fill(0x3f80)
  const map: Record<string, string> = {}
  shards.forEach((tensors, index) => {
    const name = `model-${index + 1}-of-${shards.length}.safetensors`
    const file = openSync(join(dir, name), 'w')
    const described = tensors.map(([tensor, shape]) => ({
      name: tensor,
      dtype: 'BF16',
      shape,
      bytes: 2 * elementCount(shape)
    }))
    writeSync(file, encodeSafetensorsHeader(described))
    for (const [tensor, shape] of tensors) {
      map[tensor] = name
      // Norms are ones; a matrix is pieces of the pool, each from a place of its own.
      const source = shape.length > 1 ? pool : ones
      const piece = source.length / 2
      for (let left = elementCount(shape); left > 0; left -= piece) {
        const from = Math.floor(draw.uniform() * piece)
        writeSync(file, source.subarray(from, from + Math.min(left, piece)))
      }
    }
    closeSync(file)
  })
  writeFileSync(join(dir, 'config.json'), JSON.stringify(configuration))
  writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
}

const bfloat16 = (values: Float32Array): Uint16Array =>
  Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16)

/** Greatest resident memory of this process so far, in GB. */
const peak = (): number => process.resourceUsage().maxRSS / 1e6

async function stage<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`  ${name.padEnd(42)} ${seconds.padStart(7)} s   peak ${peak().toFixed(2).padStart(5)} GB`)
  return result
}

/** One form, in a process of its own; sessions are open one at a time. */
async function measure(dir: string, form: BaseForm): Promise<void> {
  const runtime = openRuntime({ device: 'cpu', threads: option('threads', 2), spinning: false })
  const model: ModelFolder = await stage('read', () => openModelFolder(dir, { form }))
  console.log(`  ${model.parameters / 1e6} M parameters in ${(weightBytes(model) / 1e9).toFixed(2)} GB`)
  const lora = { rank: 16, alpha: 32, modules: loraModules(model.config) }
  const trainable: Trainable = { kind: 'lora', lora }
  const draw = chance(1, 'parameters')
  const state = newTrainingState(
    new Map([
      ...loraParameters(model.config, lora, () => draw.normal()),
      ...valueHeadParameters(model.config)
    ])
  )
  const shape = { model, trainable, runtime, batch: 1, length, firstPosition: promptLength - 1 }

  const prompt = Array.from({ length: promptLength }, () => 3 + Math.floor(draw.uniform() * 31_000))
  const rollout = { model, trainable, runtime, batch: 1, promptLength, maxNewTokens: newTokens }
  const generator = await stage('open the generator', () => createGenerator(rollout))
  const { sequences } = await stage(`generate ${newTokens} tokens after ${promptLength}`, () =>
    generator.generate({
      prompts: [prompt],
      uniforms: uniforms(1, 'sampling', 0, 1, newTokens),
      parameters: state.parameters
    })
  )
  await generator.release()
  const [{ ids: sampled, logProbs }] = sequences

  const ids = BigInt64Array.from([...prompt, ...sampled], BigInt)
  const scorer = await stage('open the scorer', () => createScorer({ ...shape, value: true }))
  const before = await stage(`score ${length} tokens`, () =>
    scorer.score({ ids, temperature: 1, parameters: state.parameters })
  )
  await scorer.release()
  const at = promptLength - 1
  const off = logProbs.map((value, index) => Math.abs(value - before.logProbs[at + index]))
  console.log(`  sampler and scorer differ by at most ${Math.max(...off).toExponential(1)} nats a token`)

  const trained = (of: (token: number) => number): Float32Array =>
    Float32Array.from({ length }, (_, place) => (place >= at && place < length - 1 ? of(place - at) : 0))
  const batch = {
    ids,
    temperature: 1,
    mask: trained(() => 1),
    oldLogProbs: before.logProbs,
    advantages: trained((token) => (token % 2 === 0 ? 1 : -1)),
    returns: trained(() => 0.5),
    oldValues: before.values
  }
  const settings = {
    ...{ learningRate: 1e-6, weightDecay: 0, gradientClip: 1, clip: 0.2, valueClip: 0.2 },
    ...{ valueCoefficient: 0.1, klCoefficient: 0, policyCoefficient: 1 }
  }
  const ppo = await stage('open the step', () => createPpoStep({ ...shape, value: true }))
  for (const time of ['first', 'second']) {
    const stats = await stage(`${time} PPO step on 1 × ${length}`, () => ppo.step(batch, settings, state))
    console.log(
      `  loss ${stats.loss.toFixed(5)}, norm of the gradient ${stats.gradientNorm.toExponential(3)}`
    )
  }
  await ppo.release()
  const verdict = peak() <= limits[form] ? 'within' : 'ABOVE'
  console.log(`  ${form}: peak ${peak().toFixed(2)} GB, ${verdict} the limit of ${limits[form]} GB`)
  if (peak() > limits[form]) process.exitCode = 1
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
  const unknown = words.find((word) => !isForm(word) && word !== 'measure' && words[0] !== 'measure')
  if (unknown) throw new Error(`There is no form ${unknown}: ${Object.keys(limits).join(', ')}.`)
  if (words[0] === 'measure' && isForm(words[2])) return measure(words[1], words[2])
  const dir = mkdtempSync(join(tmpdir(), 't2g-big-'))
  try {
    await stage('make the model', async () => makeModel(dir))
    const forms = words.length > 0 ? words : Object.keys(limits)
    for (const form of forms) {
      console.log(`base ${form}`)
      const script = resolve(import.meta.dirname, 'big.ts')
      const flags = process.argv.slice(2).filter((word) => word.startsWith('--'))
      const command = [...process.execArgv, script, 'measure', dir, form, ...flags]
      const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' })
      if (status !== 0) process.exitCode = 1
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

void main()

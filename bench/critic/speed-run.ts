import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { taskExamples, type TaskExample } from '../../scripts/critic-task/examples'
import type { Critic, CriticInput, Critique } from '../../src/contract/critic'
import { parseCriticTraining, type CriticTrainingInput } from '../../src/contract/critic-record'
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors'
import { openAnyCritic } from '../../src/jobs/critic/open'
import { trainCritic } from '../../src/jobs/critic/train'
import { median } from '../support/interleave'
import { randomModel, sizes } from '../support/models'
import { starterModel, writeTask } from './task-run'

/** The starter model, and a model of 6.5 million random weights that reads and writes its tokens. */
export type SpeedSize = 'starter' | 'm6'
export const isSpeedSize = (name: string): name is SpeedSize => name === 'starter' || name === 'm6'

/** Tokens of a reply to an answer of the critics' task with two mistakes: a critique and two spans with reasons. */
const replyTokens = 160
/** Answers that are judged one at a time. */
const single = 4

interface Times {
  /** Milliseconds an answer. */
  readonly head: number
  readonly writer: number
}

export interface Speed {
  readonly milliseconds: Readonly<Record<'all at once' | 'one at a time', Times>>
  /** Means over the answers. */
  readonly tokensRead: number
  readonly tokensWritten: number
}

/** Trains one step of either kind on one base, and has them judge the same answers in turns, after one of warm-up. */
export async function measureSpeed(
  dir: string,
  size: SpeedSize,
  answers: number,
  rounds: number
): Promise<Speed> {
  const base = size === 'starter' ? starterModel : writeRandomModel(join(dir, 'base'), size)
  const head = await open(join(dir, 'span-head'), { kind: 'span-head', base })
  const writer = await open(join(dir, 'generative'), {
    ...{ kind: 'generative', base, reply: { maxNewTokens: replyTokens } }
  })
  const inputs = taskExamples(1, 'test', answers).map(inputOf)
  const times = {
    headAll: [] as number[],
    writerAll: [] as number[],
    head: [] as number[],
    writer: [] as number[]
  }
  let written: Critique[] = []
  for (let round = 0; round <= rounds; round++) {
    const all = await timed(head, [inputs])
    const allWritten = await timed(writer, [inputs])
    const ones = inputs.slice(0, single).map((input) => [input])
    const one = await timed(head, ones)
    const oneWritten = await timed(writer, ones)
    written = allWritten.critiques
    if (round === 0) continue
    times.headAll.push(all.ms / inputs.length)
    times.writerAll.push(allWritten.ms / inputs.length)
    times.head.push(one.ms / single)
    times.writer.push(oneWritten.ms / single)
  }
  const mean = (of: (critique: Critique) => number): number =>
    written.reduce((sum, critique) => sum + of(critique), 0) / written.length
  return {
    milliseconds: {
      'all at once': { head: median(times.headAll), writer: median(times.writerAll) },
      'one at a time': { head: median(times.head), writer: median(times.writer) }
    },
    tokensRead: mean(({ cost }) => cost?.promptTokens ?? 0),
    tokensWritten: mean(({ cost }) => cost?.newTokens ?? 0)
  }
}

async function open(dir: string, training: CriticTrainingInput): Promise<Critic> {
  const settings = { lora: { rank: 4, alpha: 8 }, batch: 4, steps: 1, evaluateEvery: 1 }
  const configuration = parseCriticTraining({ ...training, ...settings })
  writeTask(dir, configuration, taskExamples(1, 'train', 24))
  await trainCritic(dir, { emit: () => undefined, takeControl: () => null })
  return openAnyCritic(`trained:${dir}`, { threads: configuration.threads })
}

const inputOf = ({ prompt, response }: TaskExample): CriticInput => ({
  prompt: [{ role: 'user', content: prompt }],
  response
})

async function timed(
  critic: Critic,
  batches: readonly CriticInput[][]
): Promise<{ ms: number; critiques: Critique[] }> {
  const critiques: Critique[] = []
  const started = performance.now()
  for (const batch of batches)
    for await (const critique of critic.score(batch, { aborted: false })) critiques.push(critique)
  return { ms: performance.now() - started, critiques }
}

/** A folder of that size, random, with the starter model's tokenizer: fewer tokens than it has weights for. */
function writeRandomModel(dir: string, size: 'm6'): string {
  const { vocabulary, hidden, layers, heads, groups, inner } = sizes[size]
  mkdirSync(dir, { recursive: true })
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(join(starterModel, name), join(dir, name))
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: vocabulary },
    ...{ hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers },
    ...{ num_attention_heads: heads, num_key_value_heads: groups, rms_norm_eps: 1e-5 },
    ...{ max_position_embeddings: 1024, tie_word_embeddings: true, bos_token_id: 0, eos_token_id: 1 }
  }
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config))
  writeFileSync(
    join(dir, 'model.safetensors'),
    Buffer.concat(encodeSafetensors(randomModel(size).model.tensors))
  )
  return dir
}

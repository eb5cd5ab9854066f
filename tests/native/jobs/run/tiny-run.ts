import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRun } from '../../../../src/app/runs/runs'
import type { JobEvent } from '../../../../src/contract/job'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import { parseRunConfig } from '../../../../src/contract/run-record'
import type { JobContext } from '../../../../src/jobs/context'
import { randomModel, writeModelFolder } from '../../../pure/engine/checkpoint/random-model'

const letters = 'abcdefghijklmnopqrstuvwxyz▁.'
const special = ['<unk>', '<s>', '</s>']

/** A model of random weights that writes letters, with a tokenizer of one token a letter. */
export function tinyModel(dir: string): string {
  const vocab = Object.fromEntries([...special, ...letters].map((token, id) => [token, id]))
  writeModelFolder(dir, randomModel({ vocabularySize: special.length + letters.length }))
  const tokenizer = {
    version: '1.0',
    added_tokens: special.map((content, id) => ({
      id,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false
    })),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'Fuse' }]
    },
    model: { type: 'BPE', unk_token: '<unk>', fuse_unk: false, byte_fallback: false, vocab, merges: [] }
  }
  writeFileSync(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer))
  const settings = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' }
  writeFileSync(join(dir, 'tokenizer_config.json'), JSON.stringify(settings))
  return dir
}

export const poorRule = { pattern: '[aeiou]', scope: 'match', polarity: -1, reason: 'a vowel' }
export const silentRule = { pattern: 'QQQQ', scope: 'match', polarity: -1, reason: 'never' }

/** A small run folder on rollouts; `settings` as in run.json. */
export function tinyRun(
  root: string,
  name: string,
  settings: Partial<RunConfigInput> = {},
  rules: readonly object[] = [poorRule]
): string {
  mkdirSync(root, { recursive: true })
  const model = tinyModel(join(root, 'model'))
  const prompts = join(root, 'prompts.jsonl')
  writeFileSync(prompts, '{"prompt":"the "}\n{"prompt":"a dog"}\n{"prompt":""}\n')
  const critic = join(root, `${name}-rules.json`)
  writeFileSync(critic, JSON.stringify({ version: 1, rules }))
  const config = parseRunConfig({
    version: 1,
    model,
    template: 'none',
    source: 'rollouts',
    prompts,
    critic: `rules:${critic}`,
    batch: 8,
    steps: 4,
    checkpointEvery: 2,
    sampling: { maxNewTokens: 10 },
    lora: { rank: 4, alpha: 8 },
    ...settings
  })
  return startRun(null, config, join(root, name)).dir
}

/** A host that says nothing, unless told what to say before which step. */
export function quietHost(onEvent: (event: JobEvent) => void = () => undefined): JobContext {
  return { emit: onEvent, takeControl: () => null }
}

/** `metrics.jsonl` without what two equal runs may differ in. */
export function timelessMetrics(dir: string): Record<string, number>[] {
  const lines = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => {
    const row = JSON.parse(line) as Record<string, number>
    const kept = Object.entries(row).filter(
      ([name]) => !name.startsWith('time/') && name !== 'tokens_per_second'
    )
    return Object.fromEntries(kept)
  })
}

export const adapterBytes = (dir: string, folder = 'adapter'): Buffer =>
  readFileSync(join(dir, folder, 'adapter_model.safetensors'))

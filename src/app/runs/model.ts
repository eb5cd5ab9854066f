import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../pipeline/failure'
import type { PromptTemplate } from '../../tokens/prompt'
import type { PolicyTokenizer } from '../../tokens/tokenizer'
import { openFolderTokenizer } from '../align/open-tokenizer'
import type { ModelSize } from './estimate'

/** What the app needs to know of a model folder. Weights are the trainer's business and are not read here. */
export interface RunModel {
  readonly tokenizer: PolicyTokenizer
  readonly tokenizerHash: string
  readonly size: ModelSize
  /** Most tokens that the model reads. */
  readonly context: number
}

/** @throws Failure not-found, tokenizer-missing, bad-json, architecture-unsupported, tokenizer-invalid */
export function openRunModel(dir: string): RunModel {
  const file = join(dir, 'config.json')
  const config = readJson(file)
  const { tokenizer, hash } = openFolderTokenizer(dir)
  const number = (key: string): number => {
    const value = config[key]
    if (typeof value === 'number' && value > 0) return value
    throw new Failure('architecture-unsupported', `${file} has no ${key}.`)
  }
  const weights = readdirSync(dir).filter((name) => name.endsWith('.safetensors'))
  const bytes = weights.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
  return {
    tokenizer,
    tokenizerHash: hash,
    size: {
      parameters: Math.round(bytes / 4),
      layers: number('num_hidden_layers'),
      hidden: number('hidden_size'),
      intermediate: number('intermediate_size'),
      heads: number('num_attention_heads'),
      vocabulary: number('vocab_size')
    },
    context: number('max_position_embeddings')
  }
}

/** A model without a chat template reads `role: content` lines (contracts, "Prompt and response"). */
export const templateFor = (tokenizer: PolicyTokenizer, asked: PromptTemplate): PromptTemplate =>
  asked === 'tokenizer' && !tokenizer.hasChatTemplate ? 'plain' : asked

function readJson(file: string): Record<string, unknown> {
  if (!existsSync(file)) throw new Failure('not-found', `There is no ${file}; name a model folder.`)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  } catch (error) {
    throw new Failure('bad-json', `${file} is not valid JSON: ${(error as Error).message}`)
  }
}

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../pipeline/failure'
import { openTokenizer, type PolicyTokenizer } from '../tokens/tokenizer'
import type { ModelSize } from './run-estimate'

/** What the app needs to know of a model folder. Weights are the trainer's business and are not read here. */
export interface RunModel {
  readonly tokenizer: PolicyTokenizer
  readonly tokenizerHash: string
  readonly size: ModelSize
  /** Most tokens that the model reads. */
  readonly context: number
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** @throws Failure not-found, tokenizer-missing, bad-json, architecture-unsupported, tokenizer-invalid */
export function openRunModel(dir: string): RunModel {
  const config = readJson(join(dir, 'config.json'), 'not-found')
  const tokenizerFile = join(dir, 'tokenizer.json')
  const tokenizerJson = readJson(tokenizerFile, 'tokenizer-missing')
  const settingsFile = join(dir, 'tokenizer_config.json')
  const settings = existsSync(settingsFile) ? readJson(settingsFile, 'not-found') : {}
  const number = (key: string): number => {
    const value = config[key]
    if (typeof value === 'number' && value > 0) return value
    throw new Failure('architecture-unsupported', `${join(dir, 'config.json')} has no ${key}.`)
  }
  const weights = readdirSync(dir).filter((name) => name.endsWith('.safetensors'))
  const bytes = weights.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
  return {
    tokenizer: openTokenizer(tokenizerJson, settings),
    tokenizerHash: sha256(readFileSync(tokenizerFile)),
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

function readJson(file: string, missing: string): Record<string, unknown> {
  if (!existsSync(file)) throw new Failure(missing, `There is no ${file}.`)
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  } catch (error) {
    throw new Failure('bad-json', `${file} is not valid JSON: ${(error as Error).message}`)
  }
}

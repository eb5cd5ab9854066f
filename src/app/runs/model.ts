import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../pipeline/failure'
import type { PromptTemplate } from '../../tokens/prompt'
import type { PolicyTokenizer } from '../../tokens/tokenizer'
import { openFolderTokenizer } from '../align/open-tokenizer'
import { readModelSize, type ModelSize } from '../../jobs/sessions/memory'

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
  const size = readModelSize(readJson(file), file)
  const { tokenizer, hash } = openFolderTokenizer(dir)
  return { tokenizer, tokenizerHash: hash, size, context: size.config.contextLength }
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

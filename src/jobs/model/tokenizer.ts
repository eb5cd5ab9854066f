import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJsonFile, readSmallFile } from '../../engine/checkpoint/small-files'
import { checkVocabulary } from '../../engine/checkpoint/model-folder'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { Failure } from '../../pipeline/failure'
import { openTokenizer, type PolicyTokenizer } from '../../tokens/tokenizer'

export interface ModelTokenizer {
  readonly tokenizer: PolicyTokenizer
  /** SHA-256 of tokenizer.json, hex. */
  readonly hash: string
}

const fileOf = (dir: string): string => join(dir, 'tokenizer.json')

/**
 * The tokenizer of a model folder, with its chat template if it has one. Throws `tokenizer-missing`, `tokenizer-invalid`, `bad-json`, and
 * `vocabulary-mismatch` if it makes ids that the model does not know.
 */
export function openModelTokenizer(dir: string, config: DecoderConfig): ModelTokenizer {
  const file = fileOf(dir)
  if (!existsSync(file))
    throw new Failure(
      'tokenizer-missing',
      `${dir} has no tokenizer.json; add the tokenizer that came with the model.`
    )
  const settings = join(dir, 'tokenizer_config.json')
  const template = join(dir, 'chat_template.jinja')
  const tokenizer = openTokenizer(
    readJsonFile(file),
    existsSync(settings) ? readJsonFile(settings) : {},
    existsSync(template) ? new TextDecoder().decode(readSmallFile(template)) : null
  )
  checkVocabulary(dir, config, tokenizer.vocabularySize)
  return { tokenizer, hash: createHash('sha256').update(readSmallFile(file)).digest('hex') }
}

/** The same for uses that can do without: null if the folder has no tokenizer. */
export const openTokenizerIfThere = (dir: string, config: DecoderConfig): ModelTokenizer | null =>
  existsSync(fileOf(dir)) ? openModelTokenizer(dir, config) : null

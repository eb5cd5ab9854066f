import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../pipeline/failure'
import { openTokenizer, type PolicyTokenizer } from '../../tokens/tokenizer'
import { sha256 } from '../sha256'

export interface FolderTokenizer {
  readonly tokenizer: PolicyTokenizer
  /** Of tokenizer.json, as stored with sampled answers. */
  readonly hash: string
}

/**
 * The tokenizer of a model folder, or of a folder that holds nothing else.
 * @throws Failure not-found, tokenizer-missing, bad-json, tokenizer-invalid
 */
export function openFolderTokenizer(dir: string): FolderTokenizer {
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    throw new Failure('not-found', `There is no folder ${dir}; name the folder of a tokenizer.`)
  const file = join(dir, 'tokenizer.json')
  if (!existsSync(file))
    throw new Failure(
      'tokenizer-missing',
      `${dir} has no tokenizer.json; add the one that came with the model.`
    )
  const bytes = readFileSync(file)
  const settings = join(dir, 'tokenizer_config.json')
  const template = join(dir, 'chat_template.jinja')
  return {
    tokenizer: openTokenizer(
      parse(file, bytes.toString('utf8')),
      existsSync(settings) ? parse(settings) : {},
      existsSync(template) ? readFileSync(template, 'utf8') : null
    ),
    hash: sha256(bytes)
  }
}

function parse(file: string, text = readFileSync(file, 'utf8')): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Failure('bad-json', `${file} is not valid JSON: ${(error as Error).message}`)
  }
}

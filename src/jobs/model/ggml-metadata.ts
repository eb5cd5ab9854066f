import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  bool,
  floats,
  integers,
  string,
  strings,
  uint32,
  type GgufMetadata,
  type GgufValue
} from '../../engine/checkpoint/gguf/values'
import { readJsonFile } from '../../engine/checkpoint/small-files'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { ggmlVocabulary } from '../../tokens/ggml-vocabulary'
import { openModelTokenizer } from './tokenizer'

/**
 * A model folder's tokenizer as keys and values of a GGUF file.
 * Throws as `openModelTokenizer`, and `tokenizer-invalid` for one that llama.cpp cannot follow.
 */
export function ggmlMetadata(dir: string, config: DecoderConfig): GgufMetadata {
  openModelTokenizer(dir, config)
  const settings = join(dir, 'tokenizer_config.json')
  const vocabulary = ggmlVocabulary(
    readJsonFile(join(dir, 'tokenizer.json')),
    existsSync(settings) ? readJsonFile(settings) : {},
    config.vocabularySize
  )
  const { scores, merges, chatTemplate } = vocabulary
  const end = vocabulary.end ?? config.endTokens.at(0) ?? null
  const ids: [string, number | null][] = [
    ['bos_token_id', vocabulary.begin ?? config.beginToken],
    ['eos_token_id', end],
    ['unknown_token_id', vocabulary.unknown],
    ['padding_token_id', vocabulary.padding]
  ]
  const entries: [string, GgufValue][] = [
    ['model', string(vocabulary.model)],
    ['pre', string(vocabulary.pre)],
    ['tokens', strings(vocabulary.tokens)],
    ...(scores ? [['scores', floats(scores)] satisfies [string, GgufValue]] : []),
    ['token_type', integers(vocabulary.types)],
    ...(merges ? [['merges', strings(merges)] satisfies [string, GgufValue]] : []),
    ...ids.flatMap(([key, id]): [string, GgufValue][] => (id === null ? [] : [[key, uint32(id)]])),
    ['add_bos_token', bool(vocabulary.addBegin)],
    ['add_eos_token', bool(false)],
    ['add_space_prefix', bool(vocabulary.addSpacePrefix)]
  ]
  return new Map([
    ...entries.map(([key, value]): [string, GgufValue] => [`tokenizer.ggml.${key}`, value]),
    ...(chatTemplate === null ? [] : [['tokenizer.chat_template', string(chatTemplate)] as const])
  ])
}

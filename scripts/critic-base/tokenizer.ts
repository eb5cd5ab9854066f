import { serialiseReply } from '../../src/critics/reply/format'
import { openTokenizer, type PolicyTokenizer } from '../../src/tokens/tokenizer'
import { inventedNumbers, inventedWords } from '../critic-task/invented'
import { counts, ordinals } from '../critic-task/every-fact'
import { capital, sentenceWords, smallWords } from '../critic-task/sentences'
import { learnMerges, tokenizerConfigJson, tokenizerJson } from '../starter/byte-pairs'
import { promptOf, values, type Card, type Fact } from '../starter/world'
import { buildings, openings, sizes } from '../starter/writer'

export interface BaseTokenizer {
  /** tokenizer.json and tokenizer_config.json. */
  readonly files: { readonly tokenizer: object; readonly config: object }
  readonly tokenizer: PolicyTokenizer
  /** Every word but small ones, with the space before it as one token: real and made up, which nothing tells apart. */
  readonly words: readonly string[]
}

/** More merges than there are words: every word becomes one token. */
const mostMerges = 4000

/** A tokenizer whose words are those of cards, answers and replies, and all that are made up. */
export function baseTokenizer(contextLength: number): BaseTokenizer {
  const real = (Object.keys(values) as Fact[]).flatMap((fact) =>
    values[fact].flatMap((text) => text.split(' '))
  )
  const small = new Set([
    ...wordsOf([...smallWords, promptOf(noCard)]),
    ...['right', 'wrong', 'one', 'of', 'in', 'all'],
    ...counts
  ])
  const words = [
    ...new Set([
      ...[...real, ...wordsOf([...openings, ...buildings, ...sizes, ...sentenceWords])],
      ...[...inventedWords, ...inventedWords.map(capital), ...inventedNumbers]
    ])
  ].filter((word) => !small.has(word))
  const span = { quote: ' 0', polarity: 'poor', reason: 'of two/River: 0' } as const
  const reply = serialiseReply({ critique: 'Name: 0, 0 right/River: 0, 0 wrong/in all', spans: [span, span] })
  const texts = [
    `${promptOf(noCard)}\n\n`,
    'The It',
    reply,
    serialiseReply({ critique: '0', spans: [] }),
    ...ordinals.flatMap((word) => [`/${word}:`, `":"${word}`])
  ]
  const tokenizerFile = tokenizerJson(
    learnMerges([...texts, ...[...words, ...small].map((word) => ` ${word}`)], mostMerges)
  )
  const config = { ...tokenizerConfigJson, model_max_length: contextLength }
  const tokenizer = openTokenizer(tokenizerFile, config)
  for (const word of [...words, ...small]) {
    const { length } = tokenizer.encode(` ${word}`)
    if (length !== 1) throw new Error(`The word ${word} is ${length} tokens.`)
  }
  return { files: { tokenizer: tokenizerFile, config }, tokenizer, words }
}

const noCard = Object.fromEntries(Object.keys(values).map((fact) => [fact, '0'])) as unknown as Card
const wordsOf = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => text.match(/(?<![$A-Za-z])[A-Za-z]+/g) ?? [])

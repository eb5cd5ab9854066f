import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { replyVocabulary } from '../src/critics/reply/choices'
import { replyConstraint } from '../src/critics/reply/constraint'
import { chance } from '../src/pipeline/optimise/chance'
import { openTokenizer } from '../src/tokens/tokenizer'

/**
 * What constrained decoding of a critic's replies takes a token, beside the model: the mask asked for before each of
 * them, for a response of 1,000 characters. Tokens are drawn by chance from those allowed, one that begins with a mark
 * of JSON when there is one, so that replies are mostly quotes, which is where the work is.
 *
 *   npm run bench -- critic-constrained
 *
 * Medians and 99th percentiles in microseconds, of free text, of quotes and of all places together, after one reply of
 * warm-up; `first`: the first mask of free text, which each vocabulary makes once; `opened`: milliseconds to prepare a
 * vocabulary, once a model.
 */
const root = resolve(import.meta.dirname, '..')
const folders = [
  join(root, 'resources/starter-model'),
  join(root, '../shared/models/stories260K'),
  join(root, '../shared/models/gpt2-tokenizer')
]
const response = 'The quick brown fox jumps over the lazy dog. "Why?" asked the dog; naïvely. 👍🏽\n'.repeat(13)
const replies = 20
const room = 256

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const share = (times: readonly number[], at: number): string => {
  const sorted = [...times].sort((a, b) => a - b)
  return (1000 * (sorted[Math.floor(at * (sorted.length - 1))] ?? 0)).toFixed(1).padStart(8)
}

for (const folder of folders) {
  if (!existsSync(folder)) {
    console.log(`${folder} is absent`)
    continue
  }
  const tokenizer = openTokenizer(
    readJson(join(folder, 'tokenizer.json')),
    readJson(join(folder, 'tokenizer_config.json'))
  )
  const end = tokenizer.eos ?? 0
  const started = performance.now()
  const vocabulary = replyVocabulary({ tokenizer, endTokens: [end] })
  const opened = performance.now() - started
  const marks = new Uint8Array(tokenizer.vocabularySize)
  marks.forEach(
    (_, id) => (marks[id] = Number('"{},'.includes(String.fromCharCode(tokenizer.tokenBytes(id)[0] ?? 0))))
  )
  const times = { first: [] as number[], text: [] as number[], quote: [] as number[], all: [] as number[] }
  for (let reply = 0; reply <= replies; reply++) {
    const draws = chance(1, 'sampling', reply)
    const constraint = replyConstraint(vocabulary, response)
    const ids: number[] = []
    let inText = 0
    while (ids.length < room && ids[ids.length - 1] !== end) {
      const before = performance.now()
      const mask = constraint.mask(ids, room - ids.length)
      const took = performance.now() - before
      const allowed = mask.reduce((sum, one) => sum + one, 0)
      const free = allowed > tokenizer.vocabularySize / 2
      if (free && inText++ === 0 && reply === 0) times.first.push(took)
      if (reply > 0) {
        times.all.push(took)
        ;(free ? times.text : times.quote).push(took)
      }
      const wanted = draws.uniform() < 0.5 ? mask.map((one, id) => one & marks[id]) : mask
      const from = Math.floor(draws.uniform() * mask.length)
      const pool = wanted.includes(1) ? wanted : mask
      ids.push(pool.includes(1, from) ? pool.indexOf(1, from) : pool.indexOf(1))
    }
  }
  console.log(
    `${folder.split('/').at(-1)}: ${tokenizer.vocabularySize} tokens, opened in ${opened.toFixed(0)} ms`
  )
  for (const [name, measured] of Object.entries(times))
    console.log(
      `  ${name.padEnd(6)} median ${share(measured, 0.5)} µs   99 % ${share(measured, 0.99)} µs   ${measured.length}`
    )
}

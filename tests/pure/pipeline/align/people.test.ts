import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { alignSpans, defaultAlignRules } from '../../../../src/pipeline/align/align'
import { isUnfaithful, openTokenizer } from '../../../../src/tokens/tokenizer'
import { lacksShared, sharedPath } from '../../../shared-data'

interface Example {
  readonly 'prediction 1': string
  readonly feedback: { readonly errors: readonly { readonly start: number; readonly end: number }[] }
}
const readJson = (name: string): unknown => JSON.parse(readFileSync(sharedPath(name), 'utf8'))

const data = 'data/qa_feedback_300.json'
describe.each(['stories260K', 'gpt2-tokenizer'])('people’s spans on the tokens of %s', (name) => {
  it.skipIf(lacksShared(data, `models/${name}`))(
    'all find their tokens, and nothing else is rewarded',
    () => {
      const tokenizer = openTokenizer(
        readJson(`models/${name}/tokenizer.json`),
        readJson(`models/${name}/tokenizer_config.json`)
      )
      let spans = 0
      const wrong: [text: string, token: number][] = []
      for (const { 'prediction 1': text, feedback } of readJson(data) as Example[]) {
        const placed = tokenizer.withOffsets(text)
        if (isUnfaithful(placed)) throw new Error(`${text}: ${placed.unfaithful}`)
        const marks = feedback.errors.map(({ start, end }) => ({ start, end, polarity: 'poor' as const }))
        const rules = { ...defaultAlignRules, placement: 'every' as const }
        const aligned = alignSpans({ text, offsets: placed.offsets, spans: marks, rules })
        spans += aligned.spans.length
        const lost = aligned.spans.find(({ issue, tokens }) => issue !== undefined || tokens.length === 0)
        expect(lost).toBeUndefined()
        // Whatever the rule for halves: outside is 0, wholly inside is −1.
        placed.offsets.forEach(([start, end], token) => {
          const untouched = marks.every((mark) => mark.start >= end || mark.end <= start)
          const inside = marks.some((mark) => mark.start <= start && mark.end >= end)
          const reward = aligned.rewards[token]
          if ((untouched && reward !== 0) || (inside && end > start && reward !== -1))
            wrong.push([text, token])
        })
      }
      expect(wrong).toEqual([])
      expect(spans).toBe(848)
    }
  )
})

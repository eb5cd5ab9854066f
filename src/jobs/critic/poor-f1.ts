import type { Critique } from '../../contract/critic'
import { alignSpans } from '../../pipeline/align/align'
import type { Polarity } from '../../pipeline/annotate/span'
import { isUnfaithful, type Offset, type PolicyTokenizer } from '../../tokens/tokenizer'
import type { LearnerExample } from './learner'

const rules = { conflict: 'negative-wins', placement: 'every', widen: true } as const

/**
 * F1 of poor tokens over all examples together (micro), the metric that a critic may be chosen by, and the share of
 * examples that it failed on. On those it has marked nothing: a failure costs recall, it is not left out.
 */
export function poorF1(
  examples: readonly LearnerExample[],
  critiques: readonly Critique[],
  tokenizer: PolicyTokenizer
): Record<string, number> {
  let hits = 0
  let marked = 0
  let wanted = 0
  examples.forEach(({ example }, index) => {
    const tokens = tokenizer.withOffsets(example.response)
    if (isUnfaithful(tokens)) return
    const critique = critiques[index]
    const gold = poorTokens(example.response, tokens.offsets, example.spans)
    const found = poorTokens(example.response, tokens.offsets, critique.status === 'ok' ? critique.spans : [])
    tokens.ids.forEach((_, token) => {
      hits += Number(gold[token] && found[token])
      marked += Number(found[token])
      wanted += Number(gold[token])
    })
  })
  const failed = critiques.filter(({ status }) => status === 'failed').length
  return {
    'dev/poor_f1': marked + wanted === 0 ? 1 : (2 * hits) / (marked + wanted),
    'dev/failed': failed / Math.max(1, critiques.length)
  }
}

type AnySpan = Parameters<typeof alignSpans>[0]['spans'][number] & { readonly polarity: Polarity }

function poorTokens(text: string, offsets: readonly Offset[], spans: readonly AnySpan[]): boolean[] {
  const { labels } = alignSpans({ text, offsets, spans, rules })
  return offsets.map((_, token) => labels[token] < 0)
}

import type { Critique } from '../../contract/critic'
import type { CriticExample } from '../../contract/critic-record'
import {
  calibrated,
  fitConfidenceMap,
  type ConfidenceMap,
  type Outcome
} from '../../pipeline/reward/confidence-map'
import { uniqueSpans } from '../../pipeline/reward/critic-quality/answer'
import { overlapRatio } from '../../pipeline/reward/critic-quality/span-match'
import {
  fitPoorTokens,
  poorStretches,
  type MarkedTokens,
  type PoorMark,
  type PoorTokenMap
} from '../../pipeline/reward/poor-tokens'
import { codePointLength } from '../../pipeline/annotate/code-points'
import { isUnfaithful, type PolicyTokenizer } from '../../tokens/tokenizer'

/**
 * What a critic's confidence is worth, by the dev examples that it has judged (one critique per example, in order). A
 * span was right if a person has one of the same polarity with IoU ≥ 0.5. A failed critique has no span to be sure of.
 * Dev has chosen the checkpoint as well, which flatters a little: `critic evaluate` measures calibration on test.
 * @returns null if there are too few spans to tell
 */
export function calibrationOf(
  dev: readonly Pick<CriticExample, 'spans'>[],
  critiques: readonly Critique[]
): [raw: number, calibrated: number][] | null {
  const outcomes = critiques.flatMap((critique, index): Outcome[] =>
    critique.status === 'failed'
      ? []
      : critique.spans.flatMap(({ start = 0, end = 0, polarity, confidence }) => {
          const right = dev[index].spans.some(
            (gold) => gold.polarity === polarity && overlapRatio(gold, { start, end }) >= 0.5
          )
          return confidence === undefined ? [] : [{ confidence, right }]
        })
  )
  return fitConfidenceMap(outcomes)
}

/** A critique whose spans say what their confidence is worth; without a map they stay as they are. */
export function withCalibration(critique: Critique, map: ConfidenceMap | null): Critique {
  if (critique.status === 'failed' || map === null) return critique
  const spans = critique.spans.map((span) =>
    span.confidence === undefined ? span : { ...span, confidence: calibrated(span.confidence, map) }
  )
  return { ...critique, spans }
}

/**
 * What a token is worth outside and inside of a critic's poor marks, by the dev examples that it has judged. An answer
 * that several people have marked counts once, with the marks of all of them, as `critic evaluate` has it.
 * @returns null if there are too few tokens to tell
 */
export function poorTokensOf(
  dev: readonly Pick<CriticExample, 'responseId' | 'response' | 'spans'>[],
  critiques: readonly Critique[],
  tokenizer: Pick<PolicyTokenizer, 'withOffsets'>
): PoorTokenMap | null {
  const answers = new Map<string, MarkedTokens>()
  dev.forEach(({ responseId, response: text, spans }, index) => {
    const critique = critiques[index]
    const tokens = tokenizer.withOffsets(text)
    if (critique.status === 'failed' || isUnfaithful(tokens)) return
    const others = answers.get(responseId)?.gold ?? []
    const gold = uniqueSpans([...others, ...spans])
    answers.set(responseId, { text, offsets: tokens.offsets, marks: poorMarks(critique), gold })
  })
  return fitPoorTokens([...answers.values()])
}

/** A critique, not yet calibrated, that says of every stretch of the response how likely it is to be poor. */
export function withPoorTokens(critique: Critique, response: string, map: PoorTokenMap | null): Critique {
  if (critique.status === 'failed' || map === null) return critique
  const length = codePointLength(response)
  return { ...critique, poorProbabilities: poorStretches(length, poorMarks(critique), map) }
}

const poorMarks = ({ spans }: Extract<Critique, { status: 'ok' }>): PoorMark[] =>
  spans.flatMap(({ polarity, start, end, confidence }) =>
    polarity === 'poor' && start !== undefined && end !== undefined ? [{ start, end, confidence }] : []
  )

import type { Critique } from '../../contract/critic'
import type { CriticExample } from '../../contract/critic-record'
import {
  calibrated,
  fitConfidenceMap,
  type ConfidenceMap,
  type Outcome
} from '../../pipeline/reward/confidence-map'
import { overlapRatio } from '../../pipeline/reward/critic-quality/span-match'

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

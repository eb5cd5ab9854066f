import { z } from 'zod'
import type { CriticEvaluation } from '../critic-evaluation'
import type { CriticGate } from '../critic-gate'
import type { CriticPreview } from '../critic-preview'
import { criticKinds } from '../critic-record'
import { criticThresholds, type ThresholdsView } from '../critic-thresholds'
import type { CriticView, JudgedAnswerView } from '../critic-views'
import { id, path, route } from './route'

/** `rules:FILE`, `tests`, `llm:…` or `trained:DIR`. */
const specification = z.string().min(1).max(8192)
const splitName = z.enum(['train', 'dev', 'test'])
const splitOrAll = z.enum(['train', 'dev', 'test', 'all'])

/** Critics, how far they can be trusted, and what they say. */
export const criticRoutes = {
  /** The path of a rules file, or of the settings of an `llm:` critic. */
  'critics.choose': route(z.enum(['rules', 'llm'])).returns<string | null>(),
  'critics.list': route(z.undefined()).returns<CriticView[]>(),
  /** Whether a run may train on it, whether or not it is listed. */
  'critics.gate': route(z.strictObject({ critic: specification })).returns<CriticGate>(),
  'critics.thresholds': route(z.undefined()).returns<ThresholdsView>(),
  'critics.setThresholds': route(criticThresholds).returns<ThresholdsView>(),
  /** What an evaluation or a prediction would send; null for critics that send nothing. Sends nothing itself. */
  'critics.preview': route(
    z.discriminatedUnion('work', [
      z.strictObject({ work: z.literal('evaluate'), critic: specification, split: splitName }),
      z.strictObject({ work: z.literal('predict'), critic: specification, split: splitOrAll })
    ])
  ).returns<CriticPreview | null>(),
  /** Comes back when the training has ended; `work` events tell how it goes. */
  'critics.train': route(
    z.strictObject({ kind: z.enum(criticKinds), base: path, steps: z.int().min(1).nullable() })
  ).returns<{ critic: string }>(),
  'critics.evaluate': route(
    z.strictObject({ critic: specification, split: splitName })
  ).returns<CriticEvaluation>(),
  /** Has a critic judge the project's answers, and stores what it says as drafts of its own. */
  'critics.predict': route(z.strictObject({ critic: specification, split: splitOrAll })).returns<{
    stored: number
    known: number
    failed: number
    version: string
  }>(),
  'critics.answers': route(z.strictObject({ version: id })).returns<JudgedAnswerView[]>()
} as const

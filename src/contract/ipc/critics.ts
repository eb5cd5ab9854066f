import { z } from 'zod'
import type { CriticThresholds } from '../../pipeline/reward/critic-quality/gate'
import { criticThresholds, type CriticEvaluation } from '../critic-evaluation'
import type { CriticPreview } from '../critic-preview'
import { criticKinds } from '../critic-record'
import type { CriticView, JudgedAnswerView } from '../critic-views'
import { id, path, route } from './route'

const splitName = z.enum(['train', 'dev', 'test'])

/** Critics, how far they can be trusted, and what they say. */
export const criticRoutes = {
  /** The path of a critic's rules file. */
  'critic.choose': route(z.undefined()).returns<string | null>(),
  /** What an `llm:` critic would send about the project's answers; null for critics that send nothing. */
  'critics.preview': route(z.strictObject({ critic: z.string().max(8192) })).returns<CriticPreview | null>(),
  'critics.list': route(z.undefined()).returns<CriticView[]>(),
  'critics.thresholds': route(z.undefined()).returns<CriticThresholds>(),
  'critics.setThresholds': route(criticThresholds).returns<CriticThresholds>(),
  /** Comes back when the training has ended; `work` events tell how it goes. */
  'critics.train': route(
    z.strictObject({ kind: z.enum(criticKinds), base: path, steps: z.int().min(1).nullable() })
  ).returns<{ critic: string }>(),
  'critics.evaluate': route(z.strictObject({ critic: path, split: splitName })).returns<CriticEvaluation>(),
  /** Has a critic judge the project's answers, and stores what it says as drafts of its own. */
  'critics.predict': route(
    z.strictObject({ critic: path, split: z.enum(['train', 'dev', 'test', 'all']) })
  ).returns<{ stored: number; known: number; failed: number; version: string }>(),
  'critics.answers': route(z.strictObject({ version: id })).returns<JudgedAnswerView[]>()
} as const

import type { Split } from '../pipeline/optimise/split'
import type { Ranked } from '../pipeline/reward/critic-quality/ranking'
import type { CriticEvaluation } from './critic-evaluation'
import type { CriticKind } from './critic-record'
import type { MetricsRow } from './job'
import type { CriticGate } from './critic-gate'

/** A critic as the window lists it. */
export interface CriticView {
  /** `rules:FILE`, `tests`, `llm:…` or `trained:DIR`. */
  readonly specification: string
  readonly kind: 'rules' | 'tests' | 'llm' | CriticKind
  readonly name: string
  /** null until it has been trained, or opened for the first time. */
  readonly version: string | null
  /** `unfinished`: its folder has no critic.json. */
  readonly state: 'ready' | 'unfinished'
  readonly gate: CriticGate
  /** The latest on the test split. */
  readonly evaluation: CriticEvaluation | null
  /** What it learned from; null for critics that were not trained here. */
  readonly trained: TrainedView | null
  /** Answers of which the project holds its predictions. */
  readonly predictions: number
}

export interface TrainedView {
  readonly base: string
  readonly examples: {
    readonly train: number
    readonly dev: number
    readonly test: number
    readonly dropped: number
  }
  readonly best: { readonly step: number; readonly metric: string; readonly value: number } | null
  /** Spans of earlier versions' predictions that people put right, by the version they corrected. */
  readonly corrections: readonly {
    readonly version: string
    readonly accepted: number
    readonly edited: number
    readonly rejected: number
    readonly added: number
  }[]
  readonly metrics: readonly MetricsRow[]
}

/** An answer that a critic has judged, with the reasons to look at it. */
export interface JudgedAnswerView extends Ranked {
  readonly title: string
  readonly split: Split
  /** People have submitted an annotation of it. */
  readonly read: boolean
  readonly spans: number
}

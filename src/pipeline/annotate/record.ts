import type { Message, Passage } from './message'
import type { Span } from './span'

/**
 * The canonical record (what formats read and write, and what the store keeps): a document with its answers, their
 * annotations and spans. Fields left out are made by the store. Offsets are Unicode code points, half-open.
 */
export interface DocumentRecord {
  readonly id?: string
  readonly messages: readonly Message[]
  readonly passages: readonly Passage[]
  /** What the source said and we have no field for; kept as it is. */
  readonly extra: Readonly<Record<string, unknown>>
  readonly split?: 'train' | 'dev' | 'test'
  readonly responses: readonly ResponseRecord[]
}

export interface ResponseRecord {
  readonly id?: string
  readonly text: string
  /** Model or author. */
  readonly source: string
  readonly extra: Readonly<Record<string, unknown>>
  readonly sampling?: SamplingRecord
  readonly annotations: readonly AnnotationRecord[]
}

/** How an answer was sampled here, so that it can be trained on as it was and drawn again. */
export interface SamplingRecord {
  readonly ids: readonly number[]
  readonly finish: 'eos' | 'length'
  readonly tokenizerHash: string
  readonly modelHash: string
  readonly adapterHash: string | null
  readonly template: string
  readonly temperature: number
  readonly seed: number
}

/** People solid, models dashed: `import` and `sample` are annotations that came with data. */
export type PersonKind = 'person' | 'import' | 'model' | 'sample'
export interface PersonRecord {
  readonly name: string
  readonly kind: PersonKind
}

export interface AnnotationRecord {
  readonly id?: string
  /** null: whoever imports the file says who it was. */
  readonly person: PersonRecord | null
  readonly status: 'draft' | 'submitted'
  readonly critique: string
  readonly guideline?: string
  /** The annotation that this one was copied from. */
  readonly base?: string
  /** Taken back by its person; kept, never shown, never trained on. */
  readonly retracted?: true
  readonly spans: readonly SpanRecord[]
}

export interface SpanRecord extends Span {
  readonly id?: string
  /** The words at the offsets; when given it is verified. */
  readonly quote?: string
  /** Probability that the mark is right, in [0, 1]. */
  readonly confidence?: number
  readonly base?: string
  readonly retracted?: true
}

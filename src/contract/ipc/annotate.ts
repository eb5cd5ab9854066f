import { z } from 'zod'
import type { Message, Passage } from '../../pipeline/annotate/message'
import type { Span } from '../../pipeline/annotate/span'
import { id, path, route } from './route'

const words = z.string().max(1_000_000)
const offset = z.int().min(0)
const polarity = z.enum(['good', 'poor', 'neutral'])
const range = { start: offset, end: offset }

/** One thing that a person does to their annotation of a response. Each is one entry of the history. */
const annotationChange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('add-span'), spanId: id, ...range, polarity }),
  z.strictObject({ type: z.literal('move-span'), spanId: id, ...range }),
  z.strictObject({ type: z.literal('set-polarity'), spanId: id, polarity }),
  z.strictObject({ type: z.literal('set-reason'), spanId: id, reason: words }),
  /** Another's mark as it is; of one that the person took out, their copy as it last stood. */
  z.strictObject({ type: z.literal('take-span'), spanId: id }),
  /** Another's mark, such as a critic's: it is written down that the person does not have it. */
  z.strictObject({ type: z.literal('remove-span'), spanId: id }),
  z.strictObject({ type: z.literal('set-critique'), critique: words }),
  z.strictObject({
    type: z.literal('set-status'),
    status: z.enum(['draft', 'submitted']),
    /** A prediction that the person has looked through: an annotation that begins with this began as that one. */
    agreesWith: id.optional()
  })
])
export type AnnotationChange = z.infer<typeof annotationChange>

const queueFilter = z.strictObject({
  status: z.enum(['all', 'unread', 'draft', 'submitted']).default('all'),
  search: z.string().max(1000).default(''),
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(200)
})

/** Answers and the marks of people. */
export const annotateRoutes = {
  'annotate.queue': route(queueFilter).returns<QueuePage>(),
  'annotate.open': route(z.strictObject({ responseId: id })).returns<ResponseView>(),
  'annotate.apply': route(
    z.strictObject({ responseId: id, change: annotationChange })
  ).returns<AnnotationView>(),
  'annotate.undo': route(z.undefined()).returns<UndoResult>(),
  'annotate.redo': route(z.undefined()).returns<UndoResult>(),
  'annotate.sample': route(
    z.strictObject({ modelDir: path, count: z.int().min(1).max(10_000), seed: z.int().min(0) })
  ).returns<{ responses: number }>()
} as const

export type AnnotationStatus = 'unread' | 'draft' | 'submitted'
export interface QueueRow {
  readonly responseId: string
  /** Position in the whole queue, from 1. */
  readonly number: number
  readonly title: string
  readonly source: string
  readonly status: AnnotationStatus
  readonly spans: number
}
export interface QueuePage {
  readonly total: number
  readonly rows: readonly QueueRow[]
}
export interface SpanView extends Span {
  readonly spanId: string
  readonly quote: string
  /** The other annotation's span that this is the person's copy of. */
  readonly base?: string
}
export interface AnnotationView {
  readonly annotationId: string
  /** The annotation that this one corrects and stands for: a copy of what came with the data, changed by a person. */
  readonly base?: string | null
  readonly person: string
  /** People solid, models dashed. */
  readonly kind: 'person' | 'import' | 'model' | 'sample'
  readonly mine: boolean
  readonly status: AnnotationStatus
  readonly critique: string
  readonly spans: readonly SpanView[]
  /** Spans of others that the person decided not to have. */
  readonly refused?: readonly string[]
}
export interface ResponseView {
  readonly responseId: string
  readonly documentId: string
  readonly text: string
  readonly source: string
  readonly split: 'train' | 'dev' | 'test'
  readonly messages: readonly Message[]
  readonly passages: readonly Passage[]
  /** What came with the import and has no field of its own: preferences, corrected answers, missing facts. */
  readonly extra: Readonly<Record<string, unknown>>
  readonly annotations: readonly AnnotationView[]
}
export interface UndoResult {
  /** null when there is nothing to undo or redo. */
  readonly responseId: string | null
  readonly what: string
}

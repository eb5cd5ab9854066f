import { z } from 'zod'
import type { Message, Passage } from '../pipeline/annotate/message'
import type { Polarity, Span } from '../pipeline/annotate/span'
import type { CriticThresholds } from '../pipeline/reward/critic-quality/gate'
import type { CriticPreview } from './critic-preview'
import { criticThresholds, type CriticEvaluation } from './critic-evaluation'
import { criticKinds } from './critic-record'
import type { CriticView, JudgedAnswerView } from './critic-views'
import type { Outcome } from './errors'
import type { MetricsRow, Progress, RunState, SampleRow } from './job'
import type { RunConfig } from './run-config'
import type { CriticGate } from './critic-gate'

/**
 * Renderer ↔ main. Every route has a schema for what comes in, parsed at the door, and a type for what goes out.
 * Every call answers with an Outcome: a value, or a failure with its code.
 */
function route<Input extends z.ZodType>(input: Input) {
  return { returns: <Output>(): Route<Input, Output> => ({ input }) as Route<Input, Output> }
}
export interface Route<Input extends z.ZodType, Output> {
  readonly input: Input
  readonly output?: Output
}

const id = z.string().min(1).max(64)
const path = z.string().min(1).max(4096)
const words = z.string().max(1_000_000)
const offset = z.int().min(0)
const polarity = z.enum(['good', 'poor', 'neutral'])
const range = { start: offset, end: offset }

/** One thing that a person does to their annotation of a response. Each is one entry of the history. */
export const annotationChange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('add-span'), spanId: id, ...range, polarity }),
  z.strictObject({ type: z.literal('move-span'), spanId: id, ...range }),
  z.strictObject({ type: z.literal('set-polarity'), spanId: id, polarity }),
  z.strictObject({ type: z.literal('set-reason'), spanId: id, reason: words }),
  z.strictObject({ type: z.literal('remove-span'), spanId: id }),
  z.strictObject({ type: z.literal('set-critique'), critique: words }),
  z.strictObject({ type: z.literal('set-status'), status: z.enum(['draft', 'submitted']) })
])
export type AnnotationChange = z.infer<typeof annotationChange>

const splitName = z.enum(['train', 'dev', 'test'])

const queueFilter = z.strictObject({
  status: z.enum(['all', 'unread', 'draft', 'submitted']).default('all'),
  search: z.string().max(1000).default(''),
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(200)
})

export const routes = {
  // the program
  'app.info': route(z.undefined()).returns<AppInfo>(),
  'app.doctor': route(z.undefined()).returns<Doctor>(),
  /** Tries every device; takes a second or two, and waits for no run. */
  'app.devices': route(z.undefined()).returns<readonly Device[]>(),
  'settings.get': route(z.undefined()).returns<Settings>(),
  'settings.set': route(
    z.strictObject({
      personName: z.string().trim().min(1).max(200).optional(),
      theme: z.enum(['system', 'light', 'dark']).optional(),
      modelDir: path.optional(),
      gpuPack: path.nullable().optional(),
      allowedHosts: z.array(z.string().trim().min(1).max(253)).max(100).optional()
    })
  ).returns<Settings>(),

  // the project
  'project.choose': route(z.enum(['open', 'create'])).returns<ProjectInfo | null>(),
  'project.open': route(path).returns<ProjectInfo>(),
  'project.info': route(z.undefined()).returns<ProjectInfo | null>(),
  'project.import': route(z.strictObject({ file: path.optional() })).returns<ImportSummary | null>(),
  'project.export': route(z.undefined()).returns<ExportSummary | null>(),
  'project.check': route(z.undefined()).returns<CheckSummary>(),
  'work.cancel': route(id).returns<null>(),

  // annotate
  'annotate.queue': route(queueFilter).returns<QueuePage>(),
  'annotate.open': route(z.strictObject({ responseId: id })).returns<ResponseView>(),
  'annotate.apply': route(
    z.strictObject({ responseId: id, change: annotationChange })
  ).returns<AnnotationView>(),
  'annotate.undo': route(z.undefined()).returns<UndoResult>(),
  'annotate.redo': route(z.undefined()).returns<UndoResult>(),
  'annotate.sample': route(
    z.strictObject({ modelDir: path, count: z.int().min(1).max(10_000), seed: z.int().min(0) })
  ).returns<{ responses: number }>(),

  // align
  'align.tokens': route(z.strictObject({ responseId: id, modelDir: path })).returns<TokenView>(),
  'align.tray': route(z.strictObject({ modelDir: path, limit: z.int().min(1).max(500) })).returns<TrayView>(),

  // optimise
  'models.list': route(z.undefined()).returns<ModelView[]>(),
  'models.choose': route(z.undefined()).returns<ModelView | null>(),
  /** The path of a critic's rules file. */
  'critic.choose': route(z.undefined()).returns<string | null>(),
  /** What an `llm:` critic would send about the project's answers; null for critics that send nothing. */
  'critics.preview': route(z.strictObject({ critic: z.string().max(8192) })).returns<CriticPreview | null>(),
  'runs.list': route(z.undefined()).returns<RunView[]>(),
  'runs.plan': route(z.strictObject({ config: z.unknown() })).returns<RunPlan>(),
  'runs.start': route(
    z.strictObject({
      config: z.unknown(),
      overMemory: z.boolean().optional(),
      /** Why a person lets a critic train that has not passed the gate. */
      overrideGate: z.string().trim().min(1).max(1000).optional()
    })
  ).returns<RunView>(),
  'runs.stop': route(z.strictObject({ runId: id })).returns<RunView>(),
  'runs.pause': route(z.strictObject({ runId: id })).returns<RunView>(),
  'runs.continue': route(z.strictObject({ runId: id })).returns<RunView>(),
  'runs.resume': route(z.strictObject({ runId: id })).returns<RunView>(),
  'runs.show': route(z.strictObject({ runId: id, fromStep: z.int().min(0) })).returns<RunDetail>(),
  'runs.samples': route(z.strictObject({ runId: id, step: z.int().min(0) })).returns<SampleRow[]>(),
  'runs.compare': route(z.strictObject({ runIds: z.array(id).min(1).max(6) })).returns<RunDetail[]>(),

  // critics
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
  'critics.answers': route(z.strictObject({ version: id })).returns<JudgedAnswerView[]>(),

  // review
  'review.open': route(z.strictObject({ runId: id })).returns<ReviewView>(),
  'review.report': route(z.strictObject({ runId: id })).returns<{ path: string } | null>()
} as const

export type RouteName = keyof typeof routes
export type Input<R extends RouteName> = z.infer<(typeof routes)[R]['input']>
export type Output<R extends RouteName> = Exclude<(typeof routes)[R]['output'], undefined>
/** The window's side: a route to a promise of an outcome. A missing handler is a compile error. */
export type Handlers = { readonly [R in RouteName]: (input: Input<R>) => Promise<Output<R>> | Output<R> }
export type Call = <R extends RouteName>(name: R, input: Input<R>) => Promise<Outcome<Output<R>>>

/** Pushed from main to the window. */
export type AppEvent =
  | { readonly kind: 'work'; readonly workId: string; readonly title: string; readonly progress: Progress }
  | { readonly kind: 'work-ended'; readonly workId: string }
  | { readonly kind: 'run'; readonly run: RunView }
  | { readonly kind: 'project-changed' }
  | { readonly kind: 'menu'; readonly command: string }

export interface AppInfo {
  readonly version: string
  readonly electron: string
  readonly node: string
  readonly platform: string
  /** Said once when the runtime is past its end of life. */
  readonly runtimeWarning: string | null
}
export interface Device {
  readonly name: 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  readonly usable: boolean
  readonly reason?: string
}
export interface Doctor {
  readonly node: string
  readonly electron: string | null
  readonly onnxruntime: string
  readonly sqlite: string
  readonly devices: readonly Device[]
  readonly memoryBytes: number
}
export interface Settings {
  readonly personName: string | null
  readonly theme: 'system' | 'light' | 'dark'
  readonly modelDir: string | null
  /** Folder of ONNX Runtime's CUDA libraries. */
  readonly gpuPack: string | null
  /** Hosts, besides this machine, that a critic may send texts to. */
  readonly allowedHosts: readonly string[]
}
export interface ProjectInfo {
  readonly path: string
  readonly name: string
  readonly documents: number
  readonly responses: number
  readonly annotations: number
  readonly spans: number
  readonly unread: number
  readonly runs: number
}
export interface RejectedRecord {
  readonly record: string
  readonly reason: string
}
export interface ImportSummary {
  readonly format: string
  readonly offsetUnit: string
  readonly documents: number
  readonly responses: number
  readonly annotations: number
  readonly spans: number
  readonly repaired: readonly { readonly record: string; readonly what: string }[]
  readonly rejected: readonly RejectedRecord[]
}
export interface ExportSummary {
  readonly format: string
  readonly records: number
  readonly spans: number
  readonly lost: readonly { readonly record: string; readonly what: string }[]
  readonly path?: string
}
export interface CheckSummary {
  readonly ok: boolean
  readonly documents: number
  readonly responses: number
  readonly annotations: number
  readonly spans: number
  readonly problems: readonly string[]
}

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
export interface TokenView {
  readonly ids: readonly number[]
  readonly tokens: readonly string[]
  /** Code-point range of each token. */
  readonly offsets: readonly (readonly [number, number])[]
  /** Set when the text does not survive the tokenizer: such an answer never trains. */
  readonly unfaithful: string | null
}
export interface TrayRow {
  readonly responseId: string
  readonly title: string
  readonly issue: 'widened' | 'half-covered' | 'ambiguous' | 'missing' | 'conflict' | 'unfaithful'
  readonly quote: string
  readonly polarity: Polarity
  readonly detail: string
}
export interface TrayView {
  readonly answers: number
  readonly tokens: number
  readonly rewarded: { readonly positive: number; readonly negative: number; readonly neutral: number }
  readonly rows: readonly TrayRow[]
}
export interface ModelView {
  readonly dir: string
  readonly name: string
  readonly architecture: string
  readonly parameters: number
  readonly vocabulary: number
  readonly context: number
  readonly starter: boolean
}
export interface RunView {
  readonly runId: string
  readonly dir: string
  readonly name: string
  readonly state: RunState
  readonly step: number
  readonly steps: number
  readonly source: 'annotated' | 'rollouts'
  readonly startedAt: string
  readonly progress: Progress | null
  readonly error: { readonly code: string; readonly message: string } | null
}
/** What a dry run prints: what would train, what was dropped and why. */
export interface RunPlan {
  readonly config: RunConfig
  readonly answers: number
  readonly heldOut: number
  readonly prompts: number
  readonly spans: { readonly good: number; readonly poor: number; readonly neutral: number }
  readonly tokensRewarded: number
  readonly tokens: number
  readonly dropped: readonly { readonly reason: string; readonly count: number }[]
  readonly unaligned: number
  readonly memory: RunMemory
}
/** A run's memory at its worst moment, in bytes, worked out from the graphs that it would run. */
export interface RunMemory {
  readonly program: number
  readonly weights: number
  readonly trained: number
  readonly optimizer: number
  readonly results: number
  readonly sessions: readonly {
    readonly name: string
    readonly weights: number
    readonly activations: number
    readonly cache: number
  }[]
  readonly total: number
  /** What this machine has. */
  readonly machine: number
  /** What `memory: "auto"` had to fit; the plan's configuration says what it came to. Otherwise null. */
  readonly budget: number | null
  readonly fits: boolean
  /** Where it does not fit: what would take less. */
  readonly advice: readonly MemoryAdvice[]
}
export interface MemoryAdvice {
  /** `16 answers a step` */
  readonly change: string
  /** Of the run with that change. */
  readonly bytes: number
  readonly fits: boolean
}
export interface RunDevice {
  readonly name: Device['name']
  /** The device that was asked for, if it could not be used, and why. */
  readonly insteadOf: string | null
  readonly reason: string | null
}
export interface RunDetail {
  readonly run: RunView
  readonly config: RunConfig
  readonly hashes: Readonly<Record<string, string>>
  /** What it was really computed on; null before it has begun. */
  readonly device: RunDevice | null
  /** What the gate said of the critic; null where people alone are. */
  readonly criticGate: CriticGate | null
  readonly metrics: readonly MetricsRow[]
}
export interface ReviewAnswer {
  readonly text: string
  readonly ids: readonly number[]
  readonly offsets: readonly (readonly [number, number])[]
  readonly rewards: readonly number[]
  readonly critique: string
  readonly spans: readonly {
    readonly start: number
    readonly end: number
    readonly label: number
    readonly reason?: string
  }[]
  /** Log-probability under the adapter minus that under the starting model, per token, in nats. */
  readonly logProbChange: readonly number[]
}
export interface ReviewPair {
  readonly prompt: string
  readonly seed: number
  readonly before: ReviewAnswer
  readonly after: ReviewAnswer
}
export interface Signature {
  readonly model: string
  readonly adapter: string | null
}
export interface ReviewView {
  readonly run: RunView
  readonly before: Signature
  readonly after: Signature
  readonly pairs: readonly ReviewPair[]
}

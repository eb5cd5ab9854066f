import { z } from 'zod'
import type { FailureValue } from './errors'
import { baseForms } from './run-config'

/** Folder of ONNX Runtime's CUDA libraries, if the window was told one; otherwise the environment may name it. */
const gpuPack = z.string().optional()

/** Hosts that a critic may send texts to, besides this machine: from the user, never from a run's folder. */
const allowedHosts = z.array(z.string()).optional()

/**
 * App ↔ jobs. A host (the utility process of the window, or a child process of the command line) receives one
 * request and answers with events until `done` or `failed`. Weights, adapters and checkpoints travel by path.
 */
export const jobRequest = z.discriminatedUnion('kind', [
  /** Tries every device that a model can be computed on; answers with a list of `Device`. */
  z.strictObject({ kind: z.literal('devices'), gpuPack }),
  /** Starts or resumes the run whose folder this is; `run.json` and `data/` are already in it. */
  z.strictObject({ kind: z.literal('train'), runDir: z.string(), allowedHosts, gpuPack }),
  /** The policy's own answers to prompts, one JSON object a line in `outFile`. */
  z.strictObject({
    kind: z.literal('sample'),
    model: z.string(),
    adapter: z.string().nullable(),
    template: z.enum(['tokenizer', 'plain', 'none']),
    /** JSONL, one `{ id, messages }` a line. */
    promptsFile: z.string(),
    outFile: z.string(),
    samplesPerPrompt: z.int().min(1),
    maxNewTokens: z.int().min(1),
    temperature: z.number().min(0),
    seed: z.int().min(0),
    base: z.enum(baseForms).optional(),
    threads: z.int().min(1),
    device: z.string(),
    spinning: z.boolean().optional(),
    fallback: z.enum(['none', 'cpu']).optional(),
    gpuPack
  }),
  /** The same prompts and seeds under the starting model and under the run's adapter, side by side. */
  z.strictObject({
    kind: z.literal('review'),
    runDir: z.string(),
    outFile: z.string(),
    count: z.int().min(1),
    seed: z.int().min(0),
    allowedHosts,
    gpuPack
  }),
  /** Has a critic judge answers that people marked, and measures it; answers with `EvaluationResult`. */
  z.strictObject({
    kind: z.literal('evaluate-critic'),
    /** `rules:FILE`, `tests`, `llm:…` or `trained:DIR`. */
    critic: z.string(),
    /** JSONL, one `evaluationAnswer` a line. */
    answersFile: z.string(),
    seed: z.int().min(0),
    /** How often intervals draw the documents anew. */
    resamples: z.int().min(1),
    threads: z.int().min(1),
    device: z.string(),
    fallback: z.enum(['none', 'cpu']).optional(),
    allowedHosts,
    gpuPack
  }),
  /** Trains the critic whose folder this is, or takes its training up again; `training.json` and `data/` are in it. */
  z.strictObject({ kind: z.literal('train-critic'), criticDir: z.string(), gpuPack }),
  /** Has a critic judge answers, one JSON object a line (`criticInputLine` in, `critiqueLine` out), in order. */
  z.strictObject({
    kind: z.literal('score-critic'),
    /** `rules:FILE`, `tests`, `llm:…` or `trained:DIR`. */
    critic: z.string(),
    inFile: z.string(),
    outFile: z.string(),
    /** File that critiques are kept in, so that nothing is judged twice; absent: nothing is kept. */
    cacheFile: z.string().optional(),
    threads: z.int().min(1),
    device: z.string(),
    spinning: z.boolean().optional(),
    fallback: z.enum(['none', 'cpu']).optional(),
    allowedHosts: z.array(z.string()).optional(),
    gpuPack
  }),
  /** A model with its adapter added to its weights: a folder in Hugging Face layout, or one GGUF file. Or the adapter. */
  z.strictObject({
    kind: z.literal('export'),
    model: z.string(),
    /** What `model` must be, if it is known: an adapter makes sense with the model that it was trained on only. */
    modelSha256: z.string().optional(),
    adapter: z.string().nullable(),
    out: z.string(),
    format: z.enum(['model', 'gguf', 'adapter']),
    /** Of the weights: `stored` keeps what there is, and `f32` widens a model's; GGUF has `f16` and `q8_0`. */
    type: z.enum(['stored', 'f32', 'f16', 'q8_0']),
    threads: z.int().min(1),
    device: z.string(),
    fallback: z.enum(['none', 'cpu']).optional()
  })
])
export type JobRequest = z.infer<typeof jobRequest>

/** What an export answers once it has been reloaded and compared. */
export interface ExportResult {
  readonly out: string
  readonly format: 'model' | 'gguf' | 'adapter'
  readonly type: string
  readonly bytes: number
  /** Hex: of the GGUF file, of the adapter's weights, or of a model as runs are signed with it. */
  readonly sha256: string
  /** Of the reloaded result against model and adapter, over `tokens` positions and the whole vocabulary. */
  readonly largestLogitDifference: number
  /** What rounding to the type explains; more, and nothing is kept. */
  readonly tolerance: number
  readonly tokens: number
}

/** What a job tells while it works. Times are in seconds. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly unit: string
  /** Units a second over the last few units. */
  readonly rate?: number
  readonly etaSeconds?: number
  /** One short phrase: what it is doing now. */
  readonly note?: string
}

export type JobEvent =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: FailureValue }

/** Host → job. Pause takes effect between two steps; stop also writes a checkpoint. */
export type JobControl = 'stop' | 'pause' | 'continue'

/** How a run stands, as read from its folder. `interrupted`: no final state and a heartbeat older than 15 seconds. */
export type RunState = 'waiting' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed' | 'interrupted'

/** One line of `metrics.jsonl`: the step and the field's names for what was measured (nats, seconds, fractions). */
export type MetricsRow = { readonly step: number } & Readonly<Record<string, number>>

/** One line of `samples.jsonl`: an answer of a step, as the trainer saw it. */
export interface SampleRow {
  readonly step: number
  readonly sample: number
  readonly promptId: string
  readonly prompt: string
  readonly text: string
  readonly ids: readonly number[]
  /** Code-point range of each token in `text`. */
  readonly offsets: readonly (readonly [number, number])[]
  readonly rewards: readonly number[]
  /** Change of each token's log-probability by the step's update, in nats. */
  readonly logProbChange?: readonly number[]
  readonly status: 'ok' | 'failed'
  readonly reason?: string
  readonly critique: string
  readonly spans: readonly { start: number; end: number; label: number; reason?: string }[]
  readonly finish: 'eos' | 'length'
}

/** Host → trainer process: one request, then controls. Trainer → host: `JobEvent`s. */
export const trainerMessage = z.union([
  z.strictObject({ request: jobRequest }),
  z.strictObject({ control: z.enum(['stop', 'pause', 'continue']) })
])
export type TrainerMessage = z.infer<typeof trainerMessage>

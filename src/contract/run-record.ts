import { z } from 'zod'
import { Failure } from '../pipeline/failure'
import { criticGate } from './critic-gate'
import type { ReviewView } from './ipc/review'
import type { JobControl, RunState } from './job'
import { deviceNames, runConfig, type RunConfig } from './run-config'

/**
 * The run folder: what lies where, and what it must hold. The app prepares `run.json` and `data/`, the job writes
 * everything else; the folder is the truth about a run, and a project's list of runs is only an index of it.
 */
export const runFiles = {
  record: 'run.json',
  answers: 'data/answers.jsonl',
  prompts: 'data/prompts.jsonl',
  /** The rules as they were when the run began: a resumed run is judged by the same ones. */
  rules: 'data/critic.json',
  /** The settings of an `llm:` critic as they were then. */
  llmSettings: 'data/llm-critic.json',
  /** What an `llm:` critic has said: a step that is done again hears the same. */
  critiques: 'critiques.jsonl',
  /** What it has spent of its budget, whenever the run was resumed. */
  spent: 'critic-spent.json',
  metrics: 'metrics.jsonl',
  samples: 'samples.jsonl',
  state: 'state.json',
  heartbeat: 'heartbeat',
  /** Who works in the folder, and nobody else: `TrainerOwner`, touched every second or two. */
  lock: 'trainer.lock',
  /** One of `JobControl`, written by whoever wants the run to stop, pause or go on. */
  control: 'control',
  log: 'log.txt',
  checkpoints: 'checkpoints',
  /** Which checkpoint is the best so far, and by what. */
  best: 'best.json',
  adapter: 'adapter',
  review: 'review.json'
} as const

const text = z.record(z.string(), z.string())

/** What was found out when the run was made; the job adds the model's and the adapter's hash when it first opens them. */
const resolved = z.strictObject({
  id: z.string().min(1).max(64),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** sha256, hexadecimal, of: model, adapter, data, critic, config. */
  hashes: text,
  /** Of the program, Node, ONNX Runtime. */
  versions: text,
  /** Commit of the checkout that ran it, or null in a package. */
  commit: z.string().nullable(),
  /** What was left out of `data/` and why. */
  dropped: z.array(z.strictObject({ reason: z.string(), count: z.int() })).default([]),
  /** What it was really computed on, as of its latest start, and why not on what was asked for. */
  device: z
    .strictObject({
      name: z.enum(deviceNames),
      insteadOf: z.string().nullable(),
      reason: z.string().nullable()
    })
    .optional(),
  /** Absent where the run has no critic but people. */
  criticGate: criticGate.optional()
})
export type RunResolved = z.infer<typeof resolved>

/** `run.json` of a run folder: the configuration with nothing left to default, and `resolved` beside it. */
export interface RunRecord {
  readonly config: RunConfig
  readonly resolved: RunResolved
}

const withResolved = z.looseObject({ resolved: resolved })

/** Reads `run.json` of a run folder. @throws ZodError that names the key. */
export function parseRunRecord(json: unknown): RunRecord {
  const { resolved: found, ...config } = withResolved.parse(json)
  return { config: runConfig.parse(config), resolved: found }
}

/**
 * A configuration to start from: also the `run.json` of an earlier run, which repeats it.
 * @throws Failure bad-configuration, naming every wrong key
 */
export function parseRunConfig(json: unknown): RunConfig {
  const parsed = runConfig.safeParse(withoutResolved(json))
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message: what }) =>
    path.length > 0 ? `${path.join('.')}: ${what}` : what
  )
  throw new Failure('bad-configuration', `The run configuration is not valid: ${issues.join('; ')}.`)
}

function withoutResolved(json: unknown): unknown {
  if (json === null || typeof json !== 'object' || !('resolved' in json)) return json
  const { resolved: _, ...config } = json
  return config
}

export const serialiseRunRecord = ({ config, resolved: found }: RunRecord): string =>
  JSON.stringify({ ...config, resolved: found }, null, 2) + '\n'

const message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const tokenIds = z.array(z.int().min(0))
const codePoint = z.int().min(0)

/** One line of `data/prompts.jsonl`. `ids` are the prompt's tokens under the run's template. */
export const frozenPrompt = z.strictObject({
  id: z.string(),
  messages: z.array(message),
  ids: tokenIds,
  /** For the critic `tests`. */
  tests: z.strictObject({ test: z.string(), entryPoint: z.string() }).optional()
})
export type FrozenPrompt = z.infer<typeof frozenPrompt>

/** One line of `data/answers.jsonl`: everything training needs of a stored answer, so that later edits change nothing. */
export const frozenAnswer = z.strictObject({
  id: z.string(),
  documentId: z.string(),
  split: z.enum(['train', 'held-out']),
  messages: z.array(message),
  promptIds: tokenIds,
  /** Tokens of the answer alone; the end token is the last one only if the answer finished. */
  ids: tokenIds,
  text: z.string(),
  /** Code-point range of each of `ids` in `text`. */
  offsets: z.array(z.tuple([codePoint, codePoint])),
  critique: z.string(),
  spans: z.array(
    z.strictObject({
      start: codePoint,
      end: codePoint,
      polarity: z.enum(['good', 'poor', 'neutral']),
      reason: z.string().optional(),
      category: z.string().optional()
    })
  )
})
export type FrozenAnswer = z.infer<typeof frozenAnswer>

/** `review.json`: what the review job found at a step. */
export type ReviewFile = Omit<ReviewView, 'run'> & { readonly step: number }

/** `state.json`: what the job last said of itself. */
export const runStatus = z.strictObject({
  state: z.enum(['waiting', 'running', 'paused', 'stopped', 'finished', 'failed']),
  step: z.int().min(0),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable()
})
export type RunStatus = z.infer<typeof runStatus>

/** `best.json`: a mean of the metric over the steps that led to the checkpoint of `step`. */
export const bestCheckpoint = z.strictObject({ step: z.int().min(1), metric: z.string(), value: z.number() })
export type BestCheckpoint = z.infer<typeof bestCheckpoint>

/** `heartbeat`: rewritten every second or two while a job works on the folder. */
export const heartbeat = z.strictObject({ at: z.iso.datetime(), pid: z.int(), host: z.string() })
export type Heartbeat = z.infer<typeof heartbeat>

/** `trainer.lock`: the process that works in the folder, since when, and a word of which no other owner has the like. */
export const trainerOwner = heartbeat.extend({ token: z.uuid() })
export type TrainerOwner = z.infer<typeof trainerOwner>

/** Seconds after which a silent job is taken for dead. */
export const HEARTBEAT_LIMIT = 15

/**
 * How a run stands. A job that said it was running or paused and has been silent for 15 seconds, or whose process
 * is known to be gone (`alive` false), was interrupted.
 */
export function runStateOf(
  status: RunStatus | null,
  beat: Heartbeat | null,
  now: Date,
  alive: boolean | null = null
): RunState {
  if (status === null) return 'waiting'
  if (status.state !== 'running' && status.state !== 'paused') return status.state
  if (alive === false || beat === null) return 'interrupted'
  const silence = (now.getTime() - Date.parse(beat.at)) / 1000
  return silence > HEARTBEAT_LIMIT ? 'interrupted' : status.state
}

export const isControl = (word: string): word is JobControl =>
  word === 'stop' || word === 'pause' || word === 'continue'

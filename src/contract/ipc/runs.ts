import { z } from 'zod'
import type { CriticGate } from '../critic-gate'
import type { CriticPreview } from '../critic-preview'
import type { MetricsRow, Progress, RunState, SampleRow } from '../job'
import type { RunConfig } from '../run-config'
import type { Device } from './app'
import { id, route } from './route'

/** Training runs. */
export const runRoutes = {
  'runs.list': route(z.undefined()).returns<RunView[]>(),
  'runs.plan': route(z.strictObject({ config: z.unknown() })).returns<RunPlan>(),
  /** What the run's critic would send; null for critics that send nothing. Sends nothing itself. */
  'runs.preview': route(z.strictObject({ config: z.unknown() })).returns<CriticPreview | null>(),
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
  'runs.compare': route(z.strictObject({ runIds: z.array(id).min(1).max(6) })).returns<RunDetail[]>()
} as const

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

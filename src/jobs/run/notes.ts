import type { RunConfig } from '../../contract/run-config'
import type { BestCheckpoint } from '../../contract/run-record'
import type { Counters } from '../../engine/checkpoint/training-checkpoint'
import { Failure } from '../../pipeline/failure'
import { streams, uniform, type Stream } from '../../pipeline/optimise/chance'
import type { StepPlan } from './loop'

/**
 * What a checkpoint says besides its tensors: whose it is, and what the next step will take from where. Chance, order
 * and learning rate are functions of the configuration and the step (docs/decisions/0006-chance.md), so nothing of them
 * has to be restored; they are written down so that a program that would draw otherwise is found out.
 */
export interface RunNotes {
  /** Steps taken. */
  readonly step: number
  readonly run: {
    readonly config: RunConfig
    /** SHA-256, hex, of model, tokenizer, adapter, data and critic, as far as the run has them. */
    readonly hashes: Readonly<Record<string, string>>
  }
  readonly next: NextStep
  readonly best: BestCheckpoint | null
  /** What the loop itself remembers: KL coefficient, advantage floor, failures. */
  readonly loop: Counters
}

export interface NextStep extends StepPlan {
  /** The first number of each stream of chance. */
  readonly chance: Readonly<Record<Stream, number>>
}

/** What a step takes: learning rate, ids of its prompts or answers, and chance. */
export function nextStep(plan: StepPlan, seed: number, step: number): NextStep {
  const first = Object.keys(streams).map((stream) => [stream, uniform(seed, stream as Stream, step, 0, 0)])
  return { ...plan, chance: Object.fromEntries(first) as Record<Stream, number> }
}

/** @throws Failure run-not-resumable for counters that an older program wrote, or that are no notes at all */
export function readNotes(counters: Counters): RunNotes {
  const missing = (['step', 'run', 'next', 'loop'] as const).find((key) => !(key in counters))
  if (missing === undefined) return counters as unknown as RunNotes
  throw new Failure(
    'run-not-resumable',
    `The checkpoint does not hold its ${missing}: another version of the program wrote it; start a new run.`
  )
}

/** Throws `run-not-resumable` with the first setting in which `run.json` is no longer what the checkpoint began with. */
export function requireSameConfig(now: RunConfig, then: RunConfig): void {
  const difference = firstDifference(then, now)
  if (difference)
    throw changed(
      `The configuration of this run has changed since it began: ${difference.key} was ` +
        `${difference.then} and is ${difference.now}`
    )
}

/** The same for what the run reads. */
export function requireSameHashes(
  now: Readonly<Record<string, string>>,
  then: RunNotes['run']['hashes']
): void {
  for (const what of new Set([...Object.keys(then), ...Object.keys(now)]))
    if (now[what] !== then[what])
      throw changed(`The ${what} of this run is not the one that its checkpoint was trained with`)
}

/** The same for what the next step would take. */
export function requireSameNext(now: NextStep, then: NextStep): void {
  // A stream that another version has added is none that the run has drawn from.
  const known = Object.entries(now.chance).filter(([stream]) => stream in then.chance)
  const difference = firstDifference(then, { ...now, chance: Object.fromEntries(known) })
  if (difference)
    throw changed(
      `The next step would not be the one of the unbroken run: ${difference.key} was ` +
        `${difference.then} and is ${difference.now}`
    )
}

const changed = (what: string): Failure =>
  new Failure('run-not-resumable', `${what}; put back what it was, or start a new run.`)

/** The first place, as a dotted key, where two JSON values are not equal; values as JSON. */
function firstDifference(
  then: unknown,
  now: unknown,
  key = ''
): { key: string; then: string; now: string } | null {
  if (isObject(then) && isObject(now)) {
    for (const name of new Set([...Object.keys(then), ...Object.keys(now)])) {
      const found = firstDifference(then[name], now[name], key === '' ? name : `${key}.${name}`)
      if (found) return found
    }
    return null
  }
  const [before, after] = [text(then), text(now)]
  return before === after ? null : { key, then: before, now: after }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

const text = (value: unknown): string => JSON.stringify(value) ?? 'absent'

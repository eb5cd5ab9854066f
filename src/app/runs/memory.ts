import { totalmem } from 'node:os'
import { toFailure } from '../../contract/errors'
import type { MemoryAdvice, RunMemory } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { parseRunConfig } from '../../contract/run-record'
import { estimateRunMemory, type ModelSize, type RunLengths } from '../../jobs/sessions/memory'
import { Failure } from '../../pipeline/failure'

/** Share of this machine's memory that a run may take: the system and the window need the rest. */
export const share = 0.9

/** Bytes that this process and its children may use together: the machine's, or less where a limit is set. */
export function machineMemory(): number {
  const limit = (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

/** The latest estimate: a form asks for the same one again when something else is changed. */
let latest: { readonly key: string; readonly memory: Promise<RunMemory> } | null = null

/** What a run would take of this machine's memory or of its budget, and where that is too much, what would take less. */
export function planMemory(
  config: RunConfig,
  model: ModelSize,
  lengths: RunLengths,
  machine = machineMemory(),
  budget: number | null = null
): Promise<RunMemory> {
  const { batch, microBatch, buckets, memory, sampling, lora, base, compute, algorithm } = config
  const run = [batch, microBatch, buckets, memory, sampling, lora, base, compute, algorithm]
  const key = JSON.stringify([...run, model, lengths, machine, budget])
  if (latest?.key !== key) latest = { key, memory: measure(config, model, lengths, machine, budget) }
  return latest.memory
}

async function measure(
  config: RunConfig,
  model: ModelSize,
  lengths: RunLengths,
  machine: number,
  budget: number | null
): Promise<RunMemory> {
  const most = budget ?? share * machine
  const parts = await estimateRunMemory(config, model, lengths)
  const fits = parts.total <= most
  const advice: MemoryAdvice[] = []
  /** null for a change that the run does not allow, such as one answer where each is the others' baseline. */
  const totalOf = async (changed: RunConfig): Promise<number | null> => {
    try {
      return (await estimateRunMemory(changed, model, lengths)).total
    } catch (thrown) {
      if (toFailure(thrown).code === 'bad-configuration') return null
      throw thrown
    }
  }
  for (const way of fits ? [] : cheaper(config, lengths)) {
    let found: MemoryAdvice | null = null
    for (const { change, changed } of way) {
      const total = await totalOf(changed)
      if (total !== null && total < parts.total) found = { change, bytes: total, fits: total <= most }
      if (found?.fits) break
    }
    if (found) advice.push(found)
  }
  return { ...parts, machine, budget, fits, advice }
}

/** A run changed, and the change in words. */
interface Change {
  readonly change: string
  readonly changed: RunConfig
}

/** Ways to need less, the gentlest first; each goes as far as it has to. */
function cheaper(config: RunConfig, { source }: RunLengths): readonly (readonly Change[])[] {
  const { batch, microBatch, sampling, lora } = config
  const frugal: RunConfig = { ...config, memory: 'frugal' }
  const micro = halvings(microBatch ?? batch).map((size) => ({
    change: `frugal memory, ${size} at a time (memory, microBatch)`,
    changed: { ...frugal, microBatch: size }
  }))
  const fewer = halvings(batch).map((size) => ({
    change: `${size} answers a step (batch)`,
    changed: { ...config, batch: size, microBatch: null }
  }))
  const shorter = halvings(sampling.maxNewTokens).map((maxNewTokens) => ({
    change: `answers of at most ${maxNewTokens} tokens (sampling.maxNewTokens)`,
    changed: { ...config, sampling: { ...sampling, maxNewTokens } }
  }))
  const weights: Change[] = []
  if (lora === null) {
    const { lora: _, ...others } = config
    weights.push({ change: 'training an adapter instead (lora)', changed: parseRunConfig(others) })
  } else if (config.adapter === null && lora.rank > 4)
    weights.push({
      change: 'an adapter of rank 4 (lora.rank)',
      changed: { ...config, lora: { ...lora, rank: 4 } }
    })
  const base: Change[] = []
  if (lora !== null && config.base !== '4-bit')
    base.push({
      change: 'the model in 4 bits (base)',
      changed: { ...config, base: '4-bit', compute: 'float32' }
    })
  // The first two give the same run, later.
  return [
    config.memory === 'frugal' ? [] : [{ change: 'frugal memory (memory)', changed: frugal }],
    micro,
    fewer,
    source === 'rollouts' ? shorter.filter(({ changed }) => changed.sampling.maxNewTokens >= 8) : [],
    weights,
    base
  ]
}

/** 100 → 50, 25, 7, 1: few, because each is worked out anew. */
function halvings(size: number): number[] {
  const parts = [2, 4, 16, 256].map((part) => Math.ceil(size / part))
  return [...new Set([...parts, 1])].filter((part) => part < size)
}

/** @throws Failure out-of-memory-estimate, naming what would fit */
export function requireFits({ fits, total, machine, budget, advice }: RunMemory): void {
  if (fits) return
  const fitting = advice.filter((one) => one.fits)
  const ways = (fitting.length > 0 ? fitting : advice).map(
    ({ change, bytes }) => `${change} would take ${inWords(bytes)}`
  )
  const limit =
    budget === null
      ? `this machine has ${inWords(machine)}`
      : `its budget, chosen or what is free, is ${inWords(budget)}`
  throw new Failure(
    'out-of-memory-estimate',
    `The run would take ${inWords(total)} of memory and ${limit}` +
      `${ways.length > 0 ? `; ${ways.join(', ')}` : ''}; change that, or start it all the same with --over-memory.`
  )
}

const inWords = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`

import { totalmem } from 'node:os'
import type { MemoryAdvice, RunMemory } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { parseRunConfig } from '../../contract/run-record'
import { estimateRunMemory, type ModelSize, type RunLengths } from '../../jobs/sessions/memory'
import { Failure } from '../../pipeline/failure'

/** Share of this machine's memory that a run may take: the system and the window need the rest. */
const share = 0.9

/** Bytes that this process and its children may use together: the machine's, or less where a limit is set. */
export function machineMemory(): number {
  const limit = (process as { constrainedMemory?: () => number | undefined }).constrainedMemory?.() ?? 0
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

/** The latest estimate: a form asks for the same one again when something else is changed. */
let latest: { readonly key: string; readonly memory: Promise<RunMemory> } | null = null

/** What a run would take of this machine's memory, and where that is too much, what would take less. */
export function planMemory(
  config: RunConfig,
  model: ModelSize,
  lengths: RunLengths,
  machine = machineMemory()
): Promise<RunMemory> {
  const { batch, microBatch, memory, sampling, lora, base, compute, algorithm } = config
  const run = [batch, microBatch, memory, sampling, lora, base, compute, algorithm]
  const key = JSON.stringify([...run, model, lengths, machine])
  if (latest?.key !== key) latest = { key, memory: measure(config, model, lengths, machine) }
  return latest.memory
}

async function measure(
  config: RunConfig,
  model: ModelSize,
  lengths: RunLengths,
  machine: number
): Promise<RunMemory> {
  const parts = await estimateRunMemory(config, model, lengths)
  const fits = parts.total <= share * machine
  const advice: MemoryAdvice[] = []
  for (const { change, changed } of fits ? [] : cheaper(config, lengths)) {
    const { total } = await estimateRunMemory(changed, model, lengths)
    if (total < parts.total) advice.push({ change, bytes: total, fits: total <= share * machine })
  }
  return { ...parts, machine, fits, advice }
}

/** Ways to need less, the gentlest first. */
function* cheaper(
  config: RunConfig,
  { source }: RunLengths
): Iterable<{ change: string; changed: RunConfig }> {
  const { batch, microBatch, memory, sampling, lora, base } = config
  // The first two give the same run, later.
  if (memory !== 'frugal') yield { change: 'memory: frugal', changed: { ...config, memory: 'frugal' } }
  for (const micro of [8, 2, 1])
    if ((microBatch ?? batch) >= 2 * micro)
      yield {
        change: `memory: frugal, ${micro} answers at a time (microBatch)`,
        changed: { ...config, memory: 'frugal', microBatch: micro }
      }
  if (lora === null) {
    const { lora: _, ...others } = config
    yield { change: 'training an adapter instead', changed: parseRunConfig(others) }
  }
  for (const part of [2, 4, 8])
    if (batch >= 2 * part) {
      const fewer = Math.ceil(batch / part)
      yield { change: `${fewer} answers a step`, changed: { ...config, batch: fewer } }
    }
  const shorter = Math.ceil(sampling.maxNewTokens / 2)
  if (source === 'rollouts' && shorter >= 8)
    yield {
      change: `answers of at most ${shorter} tokens`,
      changed: { ...config, sampling: { ...sampling, maxNewTokens: shorter } }
    }
  if (lora !== null && lora.rank > 4)
    yield { change: 'an adapter of rank 4', changed: { ...config, lora: { ...lora, rank: 4 } } }
  if (lora !== null && base !== '4-bit')
    yield { change: 'a base in 4 bits', changed: { ...config, base: '4-bit', compute: 'float32' } }
}

/** @throws Failure out-of-memory-estimate, naming what would take less */
export function requireFits({ fits, total, machine, advice }: RunMemory): void {
  if (fits) return
  const ways = advice.map(({ change, bytes }) => `${change} takes ${inWords(bytes)}`)
  throw new Failure(
    'out-of-memory-estimate',
    `The run would take ${inWords(total)} of memory and this machine has ${inWords(machine)}` +
      `${ways.length > 0 ? `; ${ways.join(', ')}` : ''}; change that, or start it all the same with --over-memory.`
  )
}

const inWords = (bytes: number): string =>
  bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`

import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import type { RunConfig } from '../../contract/run-config'
import { estimateRunMemory, type ModelSize, type RunLengths } from '../../jobs/sessions/memory'
import { piecesOf } from '../../jobs/sessions/micro-batches'
import { machineMemory, share } from './memory'

export interface MemoryChoice {
  /** With `fast` or `frugal` in place of `auto`, and the `microBatch` that goes with it. */
  readonly config: RunConfig
  /** Bytes that it was chosen for; null where nothing was left to choose. */
  readonly budget: number | null
}

/**
 * What `memory: "auto"` comes to: the fastest way to compute the run's step that fits its budget by the estimate, or the
 * leanest if none does. It goes into run.json, so that a run is resumed as it was started, whatever is free by then.
 */
export async function chooseMemory(
  config: RunConfig,
  model: ModelSize,
  lengths: RunLengths
): Promise<MemoryChoice> {
  if (config.memory !== 'auto') return { config, budget: null }
  const budget = config.memoryBudget ?? Math.min(share * machineMemory(), freeMemory())
  const ways = byRisingTime(config, lengths)
  for (const way of ways)
    if ((await estimateRunMemory(way, model, lengths)).total <= budget) return { config: way, budget }
  return { config: ways[ways.length - 1], budget }
}

/**
 * Answers a half, a quarter … at a time keep products large and cost little; a frugal step computes layers once more and
 * costs a third; one or two answers at a time are slowest (docs/bench-step.md).
 */
function byRisingTime(config: RunConfig, lengths: RunLengths): RunConfig[] {
  const rows = lengths.source === 'annotated' ? Math.min(config.batch, lengths.training) : config.batch
  const whole = piecesOf({ ...config, microBatch: null }, rows).micro
  const most = config.microBatch === null ? whole : Math.min(rows, config.microBatch)
  const sizes = [most]
  for (let size = most; size > 1;) sizes.push((size = Math.ceil(size / 2)))
  const large = sizes.filter((size) => size >= Math.min(most, largeEnough))
  const small = sizes.filter((size) => !large.includes(size))
  const ways = (memory: 'fast' | 'frugal', among: readonly number[]): RunConfig[] =>
    among.map((size) => ({ ...config, memory, microBatch: size === whole ? null : size }))
  return [...ways('fast', large), ...ways('frugal', large), ...ways('fast', small), ...ways('frugal', small)]
}

/** Answers at a time below which products of matrices are noticeably slower. */
const largeEnough = 4

/** Bytes that a new process could have now, as Linux reckons it; elsewhere what is not in use. */
function freeMemory(): number {
  try {
    const available = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))
    if (available) return Number(available[1]) * 1024
  } catch {
    // No such file on other systems.
  }
  return freemem()
}

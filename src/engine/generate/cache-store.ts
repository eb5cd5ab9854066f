import { float32, floats, type HostTensor } from '../graph'
import type { DecoderConfig } from '../models/decoder-config'
import type { Tensors } from '../session'
import { cacheName } from './rollout-graph'

/** With the cache in two parts, this many tokens move from the newer to the older at once. */
export const moveAt = 32

const kinds = ['key', 'value'] as const

/** Keys and values of a rollout between runs of its graph, each [B, keyValueHeads, tokens, headSize]. */
export class CacheStore {
  private readonly older = new Map<string, HostTensor>()
  private newer = new Map<string, HostTensor>()

  /** `parts`: what is older than the last few tokens is fed apart, and comes back from no run. */
  constructor(
    private readonly config: DecoderConfig,
    batch: number,
    private readonly parts: boolean
  ) {
    const nothing = float32([batch, config.keyValueHeads, 0, config.headSize], new Float32Array())
    for (const name of this.names()) {
      this.newer.set(name, nothing)
      if (parts) this.older.set(name, nothing)
    }
  }

  /** How many tokens may be appended before some have to move; their number, not the time, says when that happens. */
  get room(): number {
    return this.parts ? Math.max(1, moveAt - this.newerLength) : Infinity
  }

  inputs(): Tensors {
    const named = (part: 'older' | 'newer', tensors: ReadonlyMap<string, HostTensor>) =>
      [...tensors].map(([name, tensor]) => [`${part}_${name}`, tensor] as const)
    return Object.fromEntries([...named('older', this.older), ...named('newer', this.newer)])
  }

  /** Takes the grown caches out of a run's results. */
  take(results: Tensors): void {
    this.newer = new Map(this.names().map((name) => [name, results[`next_newer_${name}`]]))
    if (!this.parts || this.newerLength < moveAt) return
    for (const [name, tensor] of this.newer) {
      this.older.set(name, joined(this.older.get(name) ?? tensor, tensor))
      this.newer.set(name, { ...tensor, shape: withLength(tensor, 0), data: new Float32Array() })
    }
  }

  private get newerLength(): number {
    return this.newer.get(this.names()[0])?.shape[2] ?? 0
  }

  private names(): string[] {
    return Array.from({ length: this.config.layers }, (_, layer) =>
      kinds.map((kind) => cacheName(layer, kind))
    ).flat()
  }
}

const withLength = ({ shape: [batch, groups, , size] }: HostTensor, length: number): number[] => [
  batch,
  groups,
  length,
  size
]

/** Two parts of a cache one after another along axis 2. */
function joined(first: HostTensor, second: HostTensor): HostTensor {
  const [batch, groups, , size] = first.shape
  const [firstBlock, secondBlock] = [first.shape[2] * size, second.shape[2] * size]
  const data = new Float32Array(batch * groups * (firstBlock + secondBlock))
  for (let head = 0; head < batch * groups; head++) {
    const at = head * (firstBlock + secondBlock)
    data.set(floats(first).subarray(head * firstBlock, (head + 1) * firstBlock), at)
    data.set(floats(second).subarray(head * secondBlock, (head + 1) * secondBlock), at + firstBlock)
  }
  return float32(withLength(first, first.shape[2] + second.shape[2]), data)
}

import type { RunConfig } from '../../contract/run-config'
import { elementCount } from '../../engine/graph'
import { estimateMemory, type MemoryEstimate } from '../../engine/memory/estimate'
import { phantomModel } from '../../engine/memory/phantom-model'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { parseConfig } from '../../engine/models/families'
import { checkpointShapes } from '../../engine/models/names'
import type { Trainable } from '../../engine/models/model'
import { loraOf } from './lora-of'
import { openAnnotatedSessions } from './annotated'
import { resolveBaseline } from './baseline'
import { openRolloutSessions } from './rollouts'

/** The lengths that a run computes with, in tokens. */
export type RunLengths =
  | { readonly source: 'rollouts'; readonly prompts: readonly number[] }
  /** Of prompt and answer together; `training` is how many of them are trained on. */
  | { readonly source: 'annotated'; readonly answers: readonly number[]; readonly training: number }

/** A model as far as memory depends on it. */
export interface ModelSize {
  readonly config: DecoderConfig
  readonly parameters: number
}

/** From the `config.json` in `file`. Throws what `parseConfig` throws. */
export function readModelSize(json: unknown, file: string): ModelSize {
  const config = parseConfig(json, file)
  const shapes = [...checkpointShapes(config).values()]
  return { config, parameters: shapes.reduce((sum, shape) => sum + elementCount(shape), 0) }
}

/** What a run would take, before any weight is read: see `estimateMemory`. */
export function estimateRunMemory(
  run: RunConfig,
  { config, parameters }: ModelSize,
  lengths: RunLengths
): Promise<MemoryEstimate> {
  const { base: form, compute: products } = run
  const model = phantomModel(config, { form, products })
  const trainable: Trainable =
    run.lora === null ? { kind: 'full' } : { kind: 'lora', lora: loraOf(run.lora, config) }
  const value = lengths.source === 'rollouts' && resolveBaseline(run, parameters) === 'value'
  return estimateMemory({
    model,
    trainable,
    value,
    open: (runtimeFor) => {
      const base = { model, trainable, runtimeFor }
      if (lengths.source === 'rollouts') return openRolloutSessions(run, base, lengths.prompts, value)
      const rows = Math.min(run.batch, lengths.training)
      return openAnnotatedSessions(run, base, { rows, lengths: lengths.answers, parameters })
    }
  })
}

import { EngineFailure } from '../failure'
import type { HostTensor } from '../graph'
import type { FourBitMatrix } from '../quantise/four-bit'
import type { DecoderConfig, Linear } from './decoder-config'
import type { ProductPrecision } from './held-matrix'

/** A model in memory: what the engine computes with. `ModelFolder` of `checkpoint/` is one. */
export interface Model {
  readonly config: DecoderConfig
  /** By Hugging Face name, as the checkpoint holds them: matrices are [outputs, inputs] unless the family says otherwise. */
  readonly tensors: ReadonlyMap<string, HostTensor>
  /** Matrices that are held in 4 bits, by the same names; they are not among `tensors`. */
  readonly fourBit?: ReadonlyMap<string, FourBitMatrix>
  /** How products with float16 matrices are computed. Default float32. */
  readonly products?: ProductPrecision
}

/** How the base is held: see `openModelFolder`. */
export type BaseForm = 'full' | 'stored' | '4-bit'

/** Bytes that the model's own weights take in memory. */
export function weightBytes({ tensors, fourBit }: Model): number {
  let bytes = 0
  for (const { data } of tensors.values()) bytes += data.byteLength
  for (const { packed, scales, zeroPoints } of fourBit?.values() ?? [])
    bytes += packed.byteLength + scales.byteLength + (zeroPoints?.byteLength ?? 0)
  return bytes
}

/** A low-rank adapter: W + `loraScale` · B·A. */
export interface Lora {
  readonly rank: number
  readonly alpha: number
  /** Ends of the names of matrices: `q_proj`, or more where that is not enough: `mlp.c_proj`. */
  readonly modules: readonly string[]
  /** Divide alpha by √rank instead of by rank. */
  readonly rsLora?: boolean
  /** Share of the adapter's inputs that a training step leaves out; nothing else drops any. Default 0. */
  readonly dropout?: number
}

/**
 * What B·A is multiplied with: alpha / rank (Hu et al., LoRA, section 4.1), or alpha / √rank, which keeps large ranks
 * learning (Kalajdzievski, A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA, equation 3).
 */
export const loraScale = ({ rank, alpha, rsLora = false }: Lora): number =>
  alpha / (rsLora ? Math.sqrt(rank) : rank)

/** Whether the adapter changes this matrix; PEFT compares the ends of names in the same way. */
export const adapts = ({ modules }: Lora, { path }: Linear): boolean =>
  modules.some((module) => path === module || path.endsWith(`.${module}`))

/** What is trained: an adapter, every weight, or nothing (to score and generate with the model as it is). */
export type Trainable =
  { readonly kind: 'lora'; readonly lora: Lora } | { readonly kind: 'full' } | { readonly kind: 'none' }

/** A tensor of the checkpoint, or EngineFailure `tensor-missing`. */
export function tensorOf(model: Model, name: string): HostTensor {
  const tensor = model.tensors.get(name)
  if (!tensor)
    throw new EngineFailure(
      'tensor-missing',
      `The checkpoint has no tensor ${name}, which its config.json asks for.`
    )
  return tensor
}

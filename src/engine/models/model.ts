import { EngineFailure } from '../failure'
import type { HostTensor } from '../graph'
import type { LlamaConfig } from './llama-config'
import type { LoraModule } from './names'

/** A model in memory: what the engine computes with. `ModelFolder` of `checkpoint/` is one. */
export interface Model {
  readonly config: LlamaConfig
  /** By Hugging Face name, in Hugging Face orientation: matrices are [outputs, inputs]. */
  readonly tensors: ReadonlyMap<string, HostTensor>
}

/** A low-rank adapter: W + `loraScale` · B·A. */
export interface Lora {
  readonly rank: number
  readonly alpha: number
  readonly modules: readonly LoraModule[]
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

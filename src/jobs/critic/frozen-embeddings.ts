import type { CriticTraining } from '../../contract/critic-record'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { headWeight } from '../../engine/models/names'
import type { TrainingState } from '../../engine/optim/state'

/**
 * Puts the embeddings back after a step, where the configuration wants them frozen: the step computes them like every
 * other weight, and their share of the gradient counts in its norm. With an adapter nothing has to be done.
 */
export function embeddingKeeper(
  { embeddings, lora }: Pick<CriticTraining, 'embeddings' | 'lora'>,
  config: DecoderConfig,
  state: TrainingState
): () => void {
  if (embeddings !== 'frozen' || lora !== null) return () => undefined
  const names = new Set([`${config.names.embedding}.weight`, headWeight(config)])
  const kept = [...state.parameters].filter(([name]) => names.has(name))
  return () => {
    state.parameters = new Map([...state.parameters, ...kept])
  }
}

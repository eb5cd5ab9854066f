import type { RunConfig } from '../../contract/run-config'
import { Failure } from '../../pipeline/failure'

/** Below this many weights the other answers to a prompt make a better baseline than a value head. */
const VALUE_HEAD_FROM = 10e6

/** @throws Failure bad-configuration when leave-one-out has nothing to leave out */
export function resolveBaseline(
  { algorithm, batch }: Pick<RunConfig, 'algorithm' | 'batch'>,
  parameters: number
): 'value' | 'leave-one-out' | 'none' {
  const { baseline, samplesPerPrompt } = algorithm
  const chosen = baseline === 'auto' ? (parameters < VALUE_HEAD_FROM ? 'leave-one-out' : 'value') : baseline
  if (chosen === 'leave-one-out' && Math.min(samplesPerPrompt, batch) < 2)
    throw new Failure(
      'bad-configuration',
      'A leave-one-out baseline needs at least 2 answers a prompt: raise algorithm.samplesPerPrompt and batch.'
    )
  return chosen
}

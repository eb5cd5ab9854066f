import { add, layerNorm, rmsNorm, type Value } from '../graph'
import type { DecoderConfig } from './decoder-config'
import type { Weights } from './weights'

/** x [N, size] normed by the tensors called `name`. */
export function normed(
  { norm, normEpsilon }: DecoderConfig,
  weights: Weights,
  name: string,
  x: Value
): Value {
  const weight = weights.tensor(`${name}.weight`)
  switch (norm) {
    case 'rms':
      return rmsNorm(x, weight, normEpsilon)
    case 'rms-plus-one':
      return rmsNorm(x, add(weight, 1), normEpsilon)
    case 'layer':
      return layerNorm(x, weight, weights.tensor(`${name}.bias`), normEpsilon)
  }
}

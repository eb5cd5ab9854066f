import { float32, int64, scalar } from '../graph'
import { neededTokens } from '../models/token-rows'
import type { Tensors } from '../session'
import type { PassOptions } from './policy-pass'
import { responseRows } from './predicting'

interface Batch {
  readonly ids: BigInt64Array
  /** Which positions are computed of the vocabulary, where a pass has `responseTokens`. */
  readonly mask?: Float32Array
  readonly temperature: number
}

/** The inputs that every pass has, and arrays of one number a token, checked for their size. */
export function batchInputs(
  {
    batch,
    length,
    responseTokens,
    packed = true
  }: Pick<PassOptions, 'batch' | 'length' | 'responseTokens' | 'packed'>,
  { ids, mask, temperature }: Batch,
  arrays: Readonly<Record<string, Float32Array | undefined>> = {}
): Tensors {
  const shape = [batch, length]
  const count = batch * length
  if (ids.length !== count) throw new RangeError(`ids has ${ids.length} tokens, the batch ${count}.`)
  const inputs: Tensors = { ids: int64(shape, ids), inverseTemperature: scalar(1 / temperature) }
  for (const [name, data] of Object.entries(arrays)) {
    if (data?.length !== count)
      throw new RangeError(`${name} has ${data?.length ?? 0} entries, the batch ${count}.`)
    inputs[name] = float32(shape, data)
  }
  if (packed) Object.assign(inputs, neededTokens(batch, length, mask))
  if (responseTokens === undefined) return inputs
  if (!mask) throw new RangeError('A pass over response tokens needs their mask.')
  return { ...inputs, ...responseRows(ids, mask, length, responseTokens) }
}

export const settingInputs = (settings: Readonly<Record<string, number>>): Tensors =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, scalar(value)]))

import { HeldBase, type BaseOptions } from '../../../../src/engine/checkpoint/base-form'
import { widened } from '../../../../src/engine/checkpoint/half-precision'
import { narrowFloat32 } from '../../../../src/engine/checkpoint/narrow'
import { float32, floats, type HostTensor } from '../../../../src/engine/graph'
import type { DecoderConfig } from '../../../../src/engine/models/decoder-config'
import type { Model } from '../../../../src/engine/models/model'
import { layerName } from '../../../../src/engine/models/names'
import { dequantise, type FourBitMatrix } from '../../../../src/engine/quantise/four-bit'
import { Random } from './random'
import { toyModel } from './toy'

export type Stored = 'float32' | 'float16' | 'bfloat16'

/** A toy model's weights as a file would have them, smaller so that its outputs stay well inside float16. */
export function storedAs(config: DecoderConfig, dtype: Stored): Map<string, HostTensor> {
  const { tensors } = toyModel(config, new Random(5))
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const values = floats(tensor).map((value) => 0.5 * value)
      if (dtype === 'float32') return [name, float32(tensor.shape, values)]
      const data = narrowFloat32(dtype === 'float16' ? 'F16' : 'BF16', values)
      return [name, { dtype, shape: tensor.shape, data }]
    })
  )
}

export function hold(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, HostTensor>,
  options: BaseOptions
): Model {
  const held = new HeldBase(config, options)
  for (const [name, tensor] of tensors) held.add(name, tensor)
  return { config, ...held.take(tensors.keys()) }
}

/** The float32 model that computes the same. */
export function equivalent({ config, tensors, fourBit }: Model): Model {
  const turned = new Set(
    Array.from({ length: config.layers }, (_, layer) =>
      config.linears
        .filter(({ transposed }) => transposed)
        .map(({ path }) => `${layerName(config, layer, path)}.weight`)
    ).flat()
  )
  const matrices = [...(fourBit ?? [])].map(
    ([name, matrix]) => [name, fullMatrix(matrix, turned.has(name))] as const
  )
  const others = [...tensors].map(([name, tensor]) => [name, widened(tensor)] as const)
  return { config, tensors: new Map([...others, ...matrices]) }
}

function fullMatrix(matrix: FourBitMatrix, turned: boolean): HostTensor {
  const { outputs, inputs } = matrix
  const weights = dequantise(matrix)
  if (!turned) return float32([outputs, inputs], weights)
  const at = (index: number): number => weights[(index % outputs) * inputs + Math.floor(index / outputs)]
  return float32(
    [inputs, outputs],
    Float32Array.from({ length: weights.length }, (_, index) => at(index))
  )
}

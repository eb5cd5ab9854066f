import { storedLength, type DataType, type HostTensor, type Shape, type TensorData } from '../graph'
import type { DecoderConfig } from '../models/decoder-config'
import type { ProductPrecision } from '../models/held-matrix'
import type { BaseForm, Model } from '../models/model'
import { checkpointShapes, layerName } from '../models/names'
import { fitsFourBit, usualFourBit, type FourBitMatrix } from '../quantise/four-bit'
import { bytesOfType } from './bytes'

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  uint16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint4: Uint8Array,
  bool: Uint8Array
} as const satisfies Record<DataType, new (buffer: ArrayBuffer, offset: number, length: number) => TensorData>

/** How a model would be held: see `BaseOptions`. */
export interface Holding {
  readonly form: BaseForm
  readonly products?: ProductPrecision
}

/**
 * A model without weights, to build graphs with: every tensor has its shape and type, and all of them share one stretch
 * of memory that nobody ever writes, so that a model of a billion weights costs nothing.
 */
export function phantomModel(config: DecoderConfig, { form, products }: Holding = { form: 'full' }): Model {
  const shapes = checkpointShapes(config)
  const largest = Math.max(...[...shapes.values()].map((shape) => byteCount({ dtype: 'float32', shape })))
  const memory = new ArrayBuffer(8 * Math.ceil(largest / 8))
  const tensor = (dtype: DataType, shape: Shape): HostTensor => ({
    dtype,
    shape,
    data: new arrays[dtype](memory, 0, storedLength(dtype, shape))
  })
  const fourBit = form === '4-bit' ? fourBitMatrices(config, memory) : new Map<string, FourBitMatrix>()
  const tensors = new Map<string, HostTensor>()
  const held = heldType(config, form, products)
  for (const [name, shape] of shapes) {
    if (fourBit.has(name)) continue
    tensors.set(name, tensor(shape.length > 1 ? held : 'float32', shape))
  }
  return { config, tensors, ...(fourBit.size > 0 ? { fourBit } : {}), ...(products ? { products } : {}) }
}

/** The type of the matrices that are not in 4 bits. What the files have is taken to be what config.json says. */
function heldType({ dtype }: DecoderConfig, form: BaseForm, products?: ProductPrecision): DataType {
  if (products === 'float16') return 'float16'
  return form === 'stored' && (dtype === 'float16' || dtype === 'bfloat16') ? dtype : 'float32'
}

function fourBitMatrices(config: DecoderConfig, memory: ArrayBuffer): Map<string, FourBitMatrix> {
  const { block, symmetric } = usualFourBit
  const matrices = new Map<string, FourBitMatrix>()
  for (let layer = 0; layer < config.layers; layer++)
    for (const { path, outputs, inputs } of config.linears) {
      if (!fitsFourBit(inputs)) continue
      const blocks = inputs / block
      matrices.set(`${layerName(config, layer, path)}.weight`, {
        outputs,
        inputs,
        block,
        packed: new Uint8Array(memory, 0, (outputs * inputs) / 2),
        scales: new Float32Array(memory, 0, outputs * blocks),
        zeroPoints: symmetric ? null : new Uint8Array(memory, 0, outputs * Math.ceil(blocks / 2))
      })
    }
  return matrices
}

/** Bytes of a tensor as it is kept. */
export const byteCount = ({ dtype, shape }: Pick<HostTensor, 'dtype' | 'shape'>): number =>
  Math.ceil(shape.reduce((product, size) => product * size, 1) * bytesOfType[dtype])

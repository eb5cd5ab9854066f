import { EngineFailure } from '../failure'
import { floats, type HostTensor } from '../graph/tensor'
import type { DecoderConfig } from '../models/decoder-config'
import type { ProductPrecision } from '../models/held-matrix'
import type { BaseForm, Model } from '../models/model'
import { layerName } from '../models/names'
import {
  fitsFourBit,
  quantise,
  usualFourBit,
  type FourBitMatrix,
  type FourBitOptions
} from '../quantise/four-bit'
import { widened } from './half-precision'
import { isFiniteHalf, narrowFloat32 } from './narrow'

export interface BaseOptions {
  /**
   * How the weights are held in memory. `full`: all in float32. `stored`: matrices that the file has in 16 bits stay in
   * 16 bits, half the memory, and are widened whenever they are used. `4-bit`: the layers' matrices are rounded to
   * 4 bits, a seventh of the memory; embedding, head and norms are in float32. The last two cannot be trained, only
   * adapters on top of them. Default `full`.
   */
  readonly form?: BaseForm
  /** Of `4-bit`. */
  readonly fourBit?: FourBitOptions
  /**
   * `float16`: all matrices are held in float16, and products with them are computed in it; for devices that do that
   * faster, which the processor does not. Not together with `4-bit`. Default `float32`.
   */
  readonly products?: ProductPrecision
}

/** Tensors of a model as they come out of its files, one after another; none is held in two forms at once. */
export class HeldBase {
  private readonly tensors = new Map<string, HostTensor>()
  private readonly fourBit = new Map<string, FourBitMatrix>()
  private readonly packable: ReadonlyMap<string, { readonly transposed: boolean }>

  constructor(
    config: DecoderConfig,
    private readonly options: BaseOptions
  ) {
    const { form = 'full', products, fourBit } = options
    if (form === '4-bit' && products === 'float16')
      throw new EngineFailure('bad-configuration', 'A base in 4 bits is computed with in float32 only.')
    const layers = form === '4-bit' ? Array.from({ length: config.layers }, (_, layer) => layer) : []
    const linears = config.linears.filter(({ inputs }) => fitsFourBit(inputs, fourBit))
    if (form === '4-bit' && linears.length === 0) throw noBlocks(fourBit)
    this.packable = new Map(
      layers.flatMap((layer) =>
        linears.map((linear) => [`${layerName(config, layer, linear.path)}.weight`, linear])
      )
    )
  }

  /** `tensor` may be float32, float16 or bfloat16. */
  add(name: string, tensor: HostTensor): void {
    const packable = this.packable.get(name)
    if (packable) this.fourBit.set(name, packed(name, tensor, packable.transposed, this.options.fourBit))
    else this.tensors.set(name, this.held(name, tensor))
  }

  /** The model's weights, in the order of `names`. */
  take(names: Iterable<string>): Pick<Model, 'tensors' | 'fourBit' | 'products'> {
    const inOrder = [...names].flatMap((name) => {
      const tensor = this.tensors.get(name)
      return tensor ? [[name, tensor] as const] : []
    })
    return {
      tensors: new Map(inOrder),
      ...(this.fourBit.size > 0 ? { fourBit: this.fourBit } : {}),
      ...(this.options.products === 'float16' ? { products: this.options.products } : {})
    }
  }

  private held(name: string, tensor: HostTensor): HostTensor {
    if (tensor.shape.length < 2) return widened(tensor)
    if (this.options.products === 'float16') return narrowed(name, tensor)
    return this.options.form === 'stored' ? tensor : widened(tensor)
  }
}

const noBlocks = ({ block } = usualFourBit): EngineFailure =>
  new EngineFailure(
    'bad-configuration',
    `No matrix of this model has rows of a multiple of ${block} weights, so it has no form in 4 bits; hold it in full.`
  )

/** As float16, rounded. */
function narrowed(name: string, tensor: HostTensor): HostTensor {
  if (tensor.dtype === 'float16') return tensor
  const data = narrowFloat32('F16', floats(widened(tensor)))
  if (!data.every((value) => isFiniteHalf('F16', value)))
    throw new EngineFailure(
      'not-a-number',
      `The tensor ${name} holds a weight beyond 65,504, the largest of float16; compute in float32.`
    )
  return { dtype: 'float16', shape: tensor.shape, data }
}

function packed(
  name: string,
  tensor: HostTensor,
  transposed: boolean,
  options: FourBitOptions = usualFourBit
): FourBitMatrix {
  const [rows, columns] = tensor.shape
  const weights = floats(widened(tensor))
  return transposed
    ? quantise(name, transposedMatrix(weights, rows, columns), columns, rows, options)
    : quantise(name, weights, rows, columns, options)
}

/** [rows, columns] -> [columns, rows] */
function transposedMatrix(weights: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(weights.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = weights[row * columns + column]
  return turned
}

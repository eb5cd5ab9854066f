import { float32, floats, matmul, matmulAdd, type Graph, type HostTensor, type Value } from '../graph'
import type { DecoderConfig, Linear } from '../models/decoder-config'
import { adapts, loraScale, type Lora } from '../models/model'
import { loraName } from '../models/parameters'
import type { Tensors } from '../session'
import { groupsOf, outputsOf, stacked, type Group } from './matrix-groups'

/** The adapters of a group of matrices as one: A [R, inputs], B [outputs of the group, R], R the sum of their ranks. */
interface JoinedAdapter {
  readonly layer: number
  readonly group: Group
  readonly adapted: readonly Linear[]
  readonly a: Value
  readonly b: Value
}

/** Reads an adapter's tensor. */
type Half = (layer: number, linear: Linear, half: 'A' | 'B') => HostTensor

/**
 * Adapters of matrices that read the same input, joined: the A stand one below another, the B, scaled, along a diagonal
 * of blocks. That is two more products for queries, keys and values, not six. Two inputs of the graph for each group.
 */
export class JoinedAdapters {
  private readonly joined = new Map<string, JoinedAdapter>()

  constructor(
    graph: Graph,
    private readonly config: DecoderConfig,
    private readonly lora: Lora
  ) {
    for (let layer = 0; layer < config.layers; layer++)
      for (const group of groupsOf(config)) {
        const adapted = group.filter((linear) => adapts(lora, linear))
        if (adapted.length === 0) continue
        const rank = adapted.length * lora.rank
        const key = keyOf(layer, group)
        const a = graph.input(`${key}.A`, 'float32', [rank, group[0].inputs])
        const b = graph.input(`${key}.B`, 'float32', [outputsOf(group), rank])
        this.joined.set(key, { layer, group, adapted, a, b })
      }
  }

  /** plain [N, outputs of the group] + `loraScale` · B·A·x. x [N, inputs] */
  add(x: Value, plain: Value, layer: number, group: Group): Value {
    const found = this.joined.get(keyOf(layer, group))
    if (!found) return plain
    return matmulAdd(matmul(x, found.a, { transposeB: true }), found.b, plain, { transposeB: true })
  }

  /** The inputs, from an adapter's tensors by name. */
  feed(tensor: (name: string) => HostTensor): Tensors {
    const half: Half = (layer, linear, which) => tensor(loraName(this.config, layer, linear, which))
    const fed: Tensors = {}
    for (const one of this.joined.values()) {
      fed[one.a.name] = stacked(one.adapted.map((linear) => half(one.layer, linear, 'A')))
      fed[one.b.name] = float32(one.b.shape, this.diagonal(one, half))
    }
    return fed
  }

  /** Each B, scaled, in the rows of its outputs and the columns of its rank; zeros elsewhere. */
  private diagonal({ layer, group, adapted, b }: JoinedAdapter, half: Half): Float32Array {
    const { rank } = this.lora
    const scale = loraScale(this.lora)
    const width = b.shape[1]
    const whole = new Float32Array(b.shape[0] * width)
    let firstRow = 0
    for (const linear of group) {
      const place = adapted.indexOf(linear)
      if (place >= 0) {
        const block = floats(half(layer, linear, 'B'))
        for (let row = 0; row < linear.outputs; row++)
          for (let column = 0; column < rank; column++)
            whole[(firstRow + row) * width + place * rank + column] = block[row * rank + column] * scale
      }
      firstRow += linear.outputs
    }
    return whole
  }
}

const keyOf = (layer: number, [{ path }]: Group): string => `adapter.${layer}.${path}`

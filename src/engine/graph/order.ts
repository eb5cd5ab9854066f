import { reshape, slice } from './shape'
import { argMax } from './reduce'
import { add } from './elementwise'
import { innermost, type Value } from './graph'
import { elementCount } from './tensor'

/**
 * `value`, but not before `trigger` is known. ONNX Runtime is free to compute what depends on constants alone as early
 * as it likes, and to share it between places; where that is a large matrix to be used once, it should be made then and
 * be gone afterwards. So the value goes through a Reshape to its own shape plus an index that is always 0, which only
 * `trigger` tells.
 */
export function after(value: Value, trigger: Value): Value {
  const graph = innermost([value, trigger])
  const first = slice(reshape(trigger, [elementCount(trigger.shape)]), 0, 0, 1)
  const shape = add(graph.list(value.shape), argMax(first))
  return graph.node('Reshape', [value, shape], {}, [[value.dtype, value.shape]])[0]
}

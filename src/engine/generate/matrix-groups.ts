import { floats, type HostTensor } from '../graph'
import type { DecoderConfig, Linear, Role } from '../models/decoder-config'

/** Matrices of a layer that read the same input, and are multiplied with it as one. */
export type Group = readonly Linear[]

const readTogether: readonly (readonly Role[])[] = [
  ['query', 'key', 'value'],
  ['gate', 'up']
]

/** The matrices of a layer, those that can stand one below another together. */
export function groupsOf({ linears }: DecoderConfig): readonly Group[] {
  const together = readTogether
    .map((roles) => linears.filter(({ role }) => roles.includes(role)))
    .filter((group) => group.length > 1 && group.every(alike(group[0])))
  const single = linears.filter((linear) => !together.flat().includes(linear))
  return [...together, ...single.map((linear) => [linear])]
}

const alike =
  (first: Linear) =>
  ({ bias, transposed }: Linear): boolean =>
    bias === first.bias && !transposed

export const outputsOf = (group: Group): number => group.reduce((sum, { outputs }) => sum + outputs, 0)

/** Matrices of equal width one below another, or vectors one after another; shape and data. */
export function stacked(tensors: readonly HostTensor[]): HostTensor {
  if (tensors.length === 1) return tensors[0]
  const [first] = tensors
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0], 0)
  const data = new Float32Array(tensors.reduce((count, tensor) => count + tensor.data.length, 0))
  let offset = 0
  for (const tensor of tensors) {
    data.set(floats(tensor), offset)
    offset += tensor.data.length
  }
  return { dtype: first.dtype, shape: [rows, ...first.shape.slice(1)], data }
}

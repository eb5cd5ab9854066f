import { float32 } from '../graph'
import type { Trainable } from '../models/model'
import type { Tensors } from '../session'
import type { Loss } from './loss'

/**
 * Uniform numbers in [0, 1), row-major [rows, T, inputs], for the `matrix`-th adapted matrix of a step and sequences
 * from `firstRow` on: the only source of what its dropout leaves out.
 */
export type DropoutChance = (matrix: number, inputs: number, firstRow: number, rows: number) => Float32Array

/**
 * Inputs of a step whose adapter has dropout: each of its inputs is left out with the adapter's probability p, and the
 * others are divided by 1 - p; for `rows` sequences of the step, from `firstRow` on. Source: Hu et al., LoRA, in PEFT's form: the frozen matrix still reads all of x.
 */
export function dropoutInputs(
  { masks = new Map() }: Pick<Loss, 'masks'>,
  trainable: Trainable,
  chance: DropoutChance | undefined,
  firstRow: number,
  rows: number
): Tensors {
  const left = trainable.kind === 'lora' ? (trainable.lora.dropout ?? 0) : 0
  if (masks.size === 0) return {}
  if (!chance) throw new Error('A step with dropout needs numbers that say what to leave out.')
  const inputs: Tensors = {}
  for (const [index, { name, shape }] of [...masks.values()].entries()) {
    const uniforms = chance(index, shape[1], firstRow, rows)
    if (uniforms.length !== shape[0] * shape[1])
      throw new RangeError(`${name} needs ${shape.join(' × ')} numbers and was given ${uniforms.length}.`)
    inputs[name] = float32(
      shape,
      uniforms.map((uniform) => (uniform < left ? 0 : 1 / (1 - left)))
    )
  }
  return inputs
}

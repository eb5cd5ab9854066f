import { float32 } from '../graph'
import type { Trainable } from '../models/model'
import { computedPlaces } from '../models/token-rows'
import type { Tensors } from '../session'
import type { Loss } from './loss'

/**
 * Uniform numbers in [0, 1), row-major [rows, T, inputs], for the `matrix`-th adapted matrix of a step and sequences
 * from `firstRow` on: the only source of what its dropout leaves out.
 */
export type DropoutChance = (matrix: number, inputs: number, firstRow: number, rows: number) => Float32Array

/**
 * Inputs of a step whose adapter has dropout: each of its inputs is left out with the adapter's probability p, and the
 * others are divided by 1 - p; for the sequences of a batch, `fed` without these inputs, which are those of the step from
 * `firstRow` on. Source: Hu et al., LoRA, in PEFT's form: the frozen matrix still reads all of x.
 */
export function dropoutInputs(
  { masks = new Map() }: Pick<Loss, 'masks'>,
  trainable: Trainable,
  chance: DropoutChance | undefined,
  firstRow: number,
  fed: Tensors
): Tensors {
  const left = trainable.kind === 'lora' ? (trainable.lora.dropout ?? 0) : 0
  if (masks.size === 0) return {}
  if (!chance) throw new Error('A step with dropout needs numbers that say what to leave out.')
  const [rows, length] = fed.ids.shape
  const places = computedPlaces(fed)
  const inputs: Tensors = {}
  for (const [index, { name, shape }] of [...masks.values()].entries()) {
    const [, width] = shape
    const uniforms = chance(index, width, firstRow, rows)
    if (uniforms.length !== rows * length * width)
      throw new RangeError(
        `${name} needs ${rows} × ${length} × ${width} numbers and was given ${uniforms.length}.`
      )
    const kept = new Float32Array(places.length * width)
    places.forEach((place, row) =>
      uniforms
        .subarray(place * width, (place + 1) * width)
        .forEach((uniform, at) => (kept[row * width + at] = uniform < left ? 0 : 1 / (1 - left)))
    )
    inputs[name] = float32([places.length, width], kept)
  }
  return inputs
}

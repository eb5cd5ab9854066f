import { float32, type HostTensor, type ParameterSet } from '../graph'

/** Everything that a training step changes. Steps replace the sets and never write into their tensors. */
export interface TrainingState {
  parameters: ParameterSet
  /** Running means of the gradient and of its square (AdamW's moments), by the same names. */
  first: ParameterSet
  second: ParameterSet
  /** Steps taken. */
  step: number
}

const zerosLike = ({ shape, data }: HostTensor): HostTensor => float32(shape, new Float32Array(data.length))

/** The state before the first step: moments of zero. The parameters are not copied. */
export function newTrainingState(parameters: ParameterSet): TrainingState {
  const zeros = (): ParameterSet =>
    new Map([...parameters].map(([name, tensor]) => [name, zerosLike(tensor)]))
  return { parameters, first: zeros(), second: zeros(), step: 0 }
}

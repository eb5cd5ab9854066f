import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { EngineFailure } from '../failure'
import { verify, type Graph, type HostTensor, type Value } from '../graph'
import { encodeModel, type ExternalLocation } from '../onnx/encode'
import type { OpenOptions, Runtime, Session, Tensors } from '../session'
import { onnxRuntime, requireSoundPack } from './library'
import { sessionOptions, type Device, type RuntimeOptions } from './session-options'

export type { Device, RuntimeOptions } from './session-options'

/** Initialisers from this size on are handed to the session as buffers, so that the model stays far below 2 GiB. */
const externalFrom = 1 << 20

/** The engine's runtime on ONNX Runtime. Nothing is loaded before the first `open`. */
export const openRuntime = (options: RuntimeOptions): Runtime => ({
  open: (graph, openOptions) => openGraph(graph, options, openOptions)
})

async function openGraph(graph: Graph, options: RuntimeOptions, openOptions?: OpenOptions): Promise<Session> {
  verify(graph)
  // The processor reads a tensor that is fed where it lies: one copy of the weights serves every session, and none is
  // prepacked. Other devices would fetch it anew for each run, so there it stays part of the model.
  const fed = (value: Value): boolean => options.device === 'cpu' && value.shared === true
  const shared: Tensors = Object.fromEntries(
    graph.initialisers.filter(fed).map((value) => [value.name, tensorOf(value)])
  )
  const externalData: { path: string; data: Uint8Array }[] = []
  const external = (value: Value): ExternalLocation | undefined => {
    const data = value.constant
    if (!data || data.byteLength < externalFrom) return undefined
    const path = `initialiser-${externalData.length}`
    externalData.push({ path, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) })
    return { location: path, offset: 0, length: data.byteLength }
  }
  const model = encodeModel(graph, { external, fed })
  const session = await createSession(model, options, { ...openOptions, externalData })
  return { ...session, run: (inputs, outputs) => session.run({ ...shared, ...inputs }, outputs) }
}

function tensorOf({ dtype, shape, constant }: Value): HostTensor {
  if (!constant) throw new Error('A fed initialiser has lost its data.')
  return { dtype, shape, data: constant }
}

export interface CreateOptions extends OpenOptions {
  /** Buffers that stand for the files named by the model's external data. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[]
}

/**
 * A session on the bytes of an ONNX model.
 * Throws EngineFailure `device-unavailable` if the device cannot be used here; the process lives on.
 */
export async function createSession(
  model: Uint8Array,
  options: RuntimeOptions,
  { optimise = true, externalData = [] }: CreateOptions = {}
): Promise<Session> {
  const { device } = options
  if (device === 'cuda') requireSoundPack()
  const session = await onnxRuntime()
    .InferenceSession.create(model, {
      ...sessionOptions(options, optimise),
      externalData: [...externalData]
    })
    .catch((error: unknown) => {
      if (device === 'cpu') throw error
      throw new EngineFailure('device-unavailable', unavailableSentence(device, error))
    })
  return {
    run: async (inputs, outputs = session.outputNames) =>
      fromResults(await session.run(toFeeds(inputs), [...outputs])),
    release: () => session.release()
  }
}

const whatIsNeeded: Readonly<Record<Exclude<Device, 'cpu'>, string>> = {
  cuda: "a GPU pack (ONNX Runtime's CUDA libraries) and an NVIDIA driver are needed",
  webgpu: 'a graphics driver with Vulkan, Metal or Direct3D 12 is needed',
  dml: 'it exists on Windows only',
  coreml: 'it exists on macOS only'
}

/** One sentence: the device, why not, and what would help. */
export function unavailableSentence(device: Exclude<Device, 'cpu'>, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  // What the library says begins with a place in its own source, of use to nobody here.
  const reason = text
    .split('\n')[0]
    .replace(/^\/.* was false\. /, '')
    .trim()
    .replace(/\.$/, '')
  return `The device ${device} cannot be used here: ${whatIsNeeded[device]}; choose cpu instead (${reason}).`
}

function toFeeds(inputs: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensor(tensor)]))
}

/** The binding reads the array in place; nothing is copied. */
function toTensor({ dtype, data, shape }: HostTensor): Tensor {
  const { Tensor } = onnxRuntime()
  return new Tensor(dtype as Tensor.Type, data as Tensor.DataTypeMap[Tensor.Type], shape)
}

function fromResults(results: InferenceSession.OnnxValueMapType): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type, shape: dims, data } as HostTensor
    ])
  )
}

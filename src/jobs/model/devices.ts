import type { Device } from '../../contract/ipc'
import { chooseDevice, listDevices, type ChosenDevice } from '../../engine/runtime/devices'
import { gpuPackVariable } from '../../engine/runtime/gpu-pack'
import { openRuntime } from '../../engine/runtime/session'
import type { Runtime } from '../../engine/session'

/** What this machine can compute on, each device tried. A process that does nothing else should ask. */
export const tryDevices = async (): Promise<readonly Device[]> => listDevices()

/** Names the folder of the GPU pack for this process and its children; before anything is computed. */
export function useGpuPack(folder: string): void {
  process.env[gpuPackVariable] = folder
}

/** What a person chose to compute on. */
export interface RuntimeChoice {
  readonly device: string
  readonly threads: number
  /** Left out, threads that wait sleep: spinning takes the cores from the window, and from themselves when shared. */
  readonly spinning?: boolean
  /** Left out, a device that cannot be used is a failure. */
  readonly fallback?: 'none' | 'cpu'
  /** Told one sentence when something else is used than what was asked for. */
  readonly say?: (sentence: string) => void
  /** Called while a model loads, between tensors and before each session; what it throws ends the loading. */
  readonly between?: () => void
}

/** The runtime for a choice, and what it really is. Throws what `chooseDevice` throws. */
export async function openChosen(choice: RuntimeChoice): Promise<{ runtime: Runtime; chosen: ChosenDevice }> {
  const { device, threads, spinning = false, fallback, between } = choice
  const chosen = await chooseDevice(device, fallback)
  if (chosen.instead) choice.say?.(`Computing on ${chosen.device}. ${chosen.instead.reason}`)
  const runtime = openRuntime({ device: chosen.device, threads, spinning })
  return { runtime: between ? asking(runtime, between) : runtime, chosen }
}

const asking = (runtime: Runtime, between: () => void): Runtime => ({
  open: async (graph, options) => {
    between()
    return runtime.open(graph, options)
  }
})

import { EngineFailure } from '../failure'
import { Graph, identity } from '../graph'
import { openRuntime } from './session'
import { deviceNames, isDevice, type Device } from './session-options'

export interface DeviceReport {
  readonly name: Device
  readonly usable: boolean
  /** Why not, in one sentence. */
  readonly reason?: string
}

/** What this machine can compute on. Each device is tried with a graph of one node, so that `usable` is a fact. */
export async function listDevices(names: readonly Device[] = deviceNames): Promise<readonly DeviceReport[]> {
  const reports: DeviceReport[] = []
  for (const name of names) reports.push(await tryDevice(name))
  return reports
}

/** A device that was tried, and what else was asked for if that could not be had. */
export interface ChosenDevice {
  readonly device: Device
  /** Set when another device was asked for: which, and why it could not be used. */
  readonly instead?: { readonly asked: Device; readonly reason: string }
}

/**
 * The device asked for, tried. Another one only if `fallback` names it: whoever asks for a GPU wants to know that
 * there is none. Throws EngineFailure `device-unavailable` with one sentence, `bad-input` for a name that is none.
 */
export async function chooseDevice(asked: string, fallback: 'none' | 'cpu' = 'none'): Promise<ChosenDevice> {
  if (!isDevice(asked))
    throw new EngineFailure(
      'bad-input',
      `There is no device ${asked}; choose one of ${deviceNames.join(', ')}.`
    )
  if (asked === 'cpu') return { device: 'cpu' }
  const { usable, reason = 'unknown reason' } = await tryDevice(asked)
  if (usable) return { device: asked }
  if (fallback === 'none') throw new EngineFailure('device-unavailable', reason)
  return { device: 'cpu', instead: { asked, reason } }
}

async function tryDevice(name: Device): Promise<DeviceReport> {
  const graph = new Graph()
  graph.output('y', identity(graph.input('x', 'float32', [1])))
  try {
    const session = await openRuntime({ device: name, threads: 1 }).open(graph)
    try {
      const { y } = await session.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } })
      return y.data[0] === 1
        ? { name, usable: true }
        : { name, usable: false, reason: `The device ${name} computes wrongly; choose cpu instead.` }
    } finally {
      await session.release()
    }
  } catch (error) {
    return { name, usable: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

import { Graph, identity } from '../graph'
import { openRuntime, type Device } from './session'

export interface DeviceReport {
  readonly name: Device
  readonly usable: boolean
  /** Why not. */
  readonly reason?: string
}

const names: readonly Device[] = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml']

/** What this machine can compute on. Each device is tried with a graph of one node, so that `usable` is a fact. */
export async function listDevices(): Promise<readonly DeviceReport[]> {
  const reports: DeviceReport[] = []
  for (const name of names) reports.push(await tryDevice(name))
  return reports
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
        : { name, usable: false, reason: 'It computes wrongly.' }
    } finally {
      await session.release()
    }
  } catch (error) {
    return { name, usable: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

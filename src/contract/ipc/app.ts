import { z } from 'zod'
import type { FailureValue } from '../errors'
import { id, path, route } from './route'

/** A name or an IP address, as it stands in an address: no scheme, no port, no path. */
const hostName = z
  .string()
  .trim()
  .min(1)
  .max(253)
  .regex(
    /^(\[?[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*\]?|[^\s:/?#@[\]]+)$/i,
    'must be a host by its name, without https:// and path'
  )

/** The program and its seat. */
export const appRoutes = {
  'app.info': route(z.undefined()).returns<AppInfo>(),
  'app.doctor': route(z.undefined()).returns<Doctor>(),
  /** Tries every device; takes a second or two, and waits for no run. */
  'app.devices': route(z.undefined()).returns<readonly Device[]>(),
  'settings.get': route(z.undefined()).returns<Settings>(),
  'settings.set': route(
    z.strictObject({
      personName: z.string().trim().min(1).max(200).optional(),
      theme: z.enum(['system', 'light', 'dark']).optional(),
      modelDir: path.optional(),
      gpuPack: path.nullable().optional(),
      allowedHosts: z.array(hostName).max(100).optional()
    })
  ).returns<Settings>(),
  'work.cancel': route(id).returns<null>()
} as const

export interface AppInfo {
  readonly version: string
  readonly electron: string
  readonly node: string
  readonly platform: string
  /** Said once when the runtime is past its end of life. */
  readonly runtimeWarning: string | null
  /** Why the project of last time could not be opened when the program started. */
  readonly projectFailure: FailureValue | null
}
export interface Device {
  readonly name: 'cpu' | 'cuda' | 'webgpu' | 'dml' | 'coreml'
  readonly usable: boolean
  readonly reason?: string
}
export interface Doctor {
  readonly node: string
  readonly electron: string | null
  readonly onnxruntime: string
  readonly sqlite: string
  readonly devices: readonly Device[]
  readonly memoryBytes: number
}
export interface Settings {
  readonly personName: string | null
  readonly theme: 'system' | 'light' | 'dark'
  readonly modelDir: string | null
  /** Folder of ONNX Runtime's CUDA libraries. */
  readonly gpuPack: string | null
  /** Hosts, besides this machine, that a critic may send texts to. */
  readonly allowedHosts: readonly string[]
}

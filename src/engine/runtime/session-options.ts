import type { InferenceSession } from 'onnxruntime-node'

/** What graphs can be computed on. */
export const deviceNames = ['cpu', 'cuda', 'webgpu', 'dml', 'coreml'] as const
export type Device = (typeof deviceNames)[number]

export const isDevice = (name: string): name is Device => (deviceNames as readonly string[]).includes(name)

export interface RuntimeOptions {
  readonly device: Device
  /** Threads within an operator. */
  readonly threads: number
  /** Idle threads wait by spinning: faster on a quiet machine, harmful on a busy one. Default true. */
  readonly spinning?: boolean
}

/** ONNX Runtime's settings for a session. What the device has no kernel for runs on the CPU, node by node. */
export function sessionOptions(
  { device, threads, spinning = true }: RuntimeOptions,
  optimise: boolean
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device === 'cuda' ? { name: 'cuda', deviceId: 0 } : device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Planning memory by pattern takes half as much again and gains no time; DirectML refuses it.
    enableMemPattern: false,
    executionMode: 'sequential',
    graphOptimizationLevel: optimise ? 'all' : 'disabled',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } }
  }
}

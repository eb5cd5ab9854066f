import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as OnnxRuntime from 'onnxruntime-node'
import { EngineFailure } from '../failure'
import { bindingFile, checkGpuPack, gpuPackVariable, joinGpuPack, type Binding } from './gpu-pack'

let loaded: typeof OnnxRuntime | null = null
/** What is wrong with the GPU pack that was named; it stands in the way of CUDA alone. */
let packFailure: EngineFailure | null = null

const ownRequire = createRequire(join(__dirname, 'package.json'))

/**
 * ONNX Runtime, loaded at the first call. If a GPU pack is named in the environment, the binding is loaded through it
 * first: the library can be loaded once in a process, from one place.
 */
export function onnxRuntime(): typeof OnnxRuntime {
  if (loaded) return loaded
  // ONNX Runtime's own builds report usage to their maker unless this is set before the first session. The library reads
  // the process's environment, so a worker thread that opens sessions has to share it (SHARE_ENV).
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const pack = process.env[gpuPackVariable]
  if (pack) loadThroughPack(pack)
  const library = ownRequire('onnxruntime-node') as typeof OnnxRuntime
  // Failures come back as exceptions; the library would print them on stderr as well.
  library.env.logLevel = 'fatal'
  loaded = library
  return library
}

/** Throws why the GPU pack cannot be used, if one is named and that is so. */
export function requireSoundPack(): void {
  onnxRuntime()
  if (packFailure) throw packFailure
}

function bindingOf(): Binding {
  const manifest = ownRequire.resolve('onnxruntime-node/package.json')
  const { version } = ownRequire(manifest) as { version: string }
  const platform = `${process.platform}/${process.arch}`
  // In a package the libraries lie beside the archive, where the system can open them.
  const folder = dirname(manifest).replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked')
  return { dir: join(folder, 'bin/napi-v6', platform), version, platform }
}

function loadThroughPack(folder: string): void {
  try {
    const binding = bindingOf()
    const joined = joinGpuPack(checkGpuPack(folder, binding), binding)
    process.dlopen({ exports: {} }, join(joined, bindingFile))
  } catch (error) {
    packFailure =
      error instanceof EngineFailure
        ? error
        : new EngineFailure(
            'device-unavailable',
            `The GPU pack ${folder} could not be loaded: ${(error as Error).message}; leave it out to use the CPU.`
          )
  }
}

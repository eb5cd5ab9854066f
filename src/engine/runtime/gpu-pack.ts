import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { EngineFailure } from '../failure'

/** Environment variable that names the folder of a GPU pack. */
export const gpuPackVariable = 'TEXT2GRAD_GPU_PACK'

/** What ONNX Runtime's binding needs beside itself to compute with CUDA; it ships without them. */
const providers = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so']

/** A folder with ONNX Runtime's CUDA libraries, checked. */
export interface GpuPack {
  /** Folder that holds the libraries: the one named, or one of the places where packages keep them. */
  readonly dir: string
  /** Of ONNX Runtime. */
  readonly version: string
  /** Names of all shared libraries of the folder. */
  readonly libraries: readonly string[]
}

/** The binding that this program has: where its library lies, and its version. */
export interface Binding {
  /** Folder of `onnxruntime_binding.node`. */
  readonly dir: string
  readonly version: string
  /** `linux/x64` */
  readonly platform: string
}

const unfit = (message: string): EngineFailure => new EngineFailure('device-unavailable', message)

/**
 * Looks at a folder that is said to be a GPU pack: the unpacked archive or NuGet package
 * `Microsoft.ML.OnnxRuntime.Gpu.Linux`, or the libraries alone with the file `VERSION_NUMBER`.
 * Throws EngineFailure `device-unavailable`: not there, not for this platform, a library missing, or another version,
 * which would end the process as soon as it computes.
 */
export function checkGpuPack(folder: string, binding: Binding): GpuPack {
  if (binding.platform !== 'linux/x64')
    throw unfit(`A GPU pack can be used on linux/x64 only, and this is ${binding.platform}; leave it out.`)
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw unfit(`There is no folder ${folder}: name the folder of the GPU pack, or leave it out.`)
  const root = resolve(folder)
  const places = ['', 'lib', 'runtimes/linux-x64/native'].map((place) => join(root, place))
  const dir = places.find((place) => existsSync(join(place, providers[1])))
  if (dir === undefined)
    throw unfit(
      `The GPU pack ${folder} has no ${providers[1]}: unpack Microsoft.ML.OnnxRuntime.Gpu.Linux there.`
    )
  if (!existsSync(join(dir, providers[0])))
    throw unfit(
      `The GPU pack ${folder} has no ${providers[0]}, which belongs beside ${providers[1]}; copy it too.`
    )
  const libraries = readdirSync(dir).filter((name) => /^lib.+\.so(\.\d+)*$/.test(name))
  const version = versionOf(root, dir, libraries)
  if (version === null)
    throw unfit(
      `The GPU pack ${folder} does not say which version of ONNX Runtime it is of; ` +
        `if it is ${binding.version}, write that into a file VERSION_NUMBER there.`
    )
  if (version !== binding.version)
    throw unfit(
      `The GPU pack ${folder} is of ONNX Runtime ${version} and this program has ${binding.version}; ` +
        'get the pack of exactly that version.'
    )
  return { dir, version, libraries }
}

/** From what the packages carry: VERSION_NUMBER, the NuGet description, or the name of the main library. */
function versionOf(root: string, dir: string, libraries: readonly string[]): string | null {
  for (const place of [root, dir]) {
    const file = join(place, 'VERSION_NUMBER')
    if (existsSync(file)) return /^\s*(\d+\.\d+\.\d+)\s*$/.exec(readFileSync(file, 'utf8'))?.[1] ?? null
    const description = readdirSync(place).find((name) => name.endsWith('.nuspec'))
    const found =
      description &&
      /<version>(\d+\.\d+\.\d+)<\/version>/.exec(readFileSync(join(place, description), 'utf8'))
    if (found) return found[1]
  }
  const named = libraries.map((name) => /^libonnxruntime\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1])
  return named.find((version) => version !== undefined) ?? null
}

/**
 * A new folder of links in which the binding finds the pack's libraries: ONNX Runtime looks for them beside its own
 * library, and nowhere else. It is needed until the process ends. Load the binding in it before anything else does.
 */
export function joinGpuPack({ dir, libraries }: GpuPack, binding: Binding): string {
  const joined = mkdtempSync(join(tmpdir(), 'text2grad-gpu-'))
  process.once('exit', () => rmSync(joined, { recursive: true, force: true }))
  const own = readdirSync(binding.dir)
  for (const name of own) symlinkSync(join(realpathSync(binding.dir), name), join(joined, name))
  for (const name of libraries)
    if (!own.includes(name)) symlinkSync(join(realpathSync(dir), name), join(joined, name))
  return joined
}

/** The binding's file in its folder. */
export const bindingFile = 'onnxruntime_binding.node'

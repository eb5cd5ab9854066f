import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ModelView } from '../contract/ipc'
import { Failure } from '../pipeline/failure'
import type { SettingsFile } from './settings'

/** A safetensors header larger than this (bytes) is damaged or hostile. */
const largestHeader = 100 * 1024 * 1024

/**
 * What a model folder says of itself, without its weights.
 * @throws Failure not-found, bad-json, architecture-unsupported, checkpoint-corrupt
 */
export function viewModel(dir: string, starter = false): ModelView {
  const file = join(dir, 'config.json')
  if (!existsSync(file))
    throw new Failure(
      'not-found',
      `${dir} is no model folder: it has no config.json; choose the folder that has.`
    )
  const config = parseConfig(file)
  const number = (name: string): number => (typeof config[name] === 'number' ? config[name] : 0)
  const [architecture] = Array.isArray(config.architectures) ? (config.architectures as unknown[]) : []
  return {
    dir: resolve(dir),
    name: starter ? 'Starter model' : basename(resolve(dir)),
    architecture: String(architecture ?? config.model_type ?? 'unknown'),
    parameters: countParameters(dir),
    vocabulary: number('vocab_size'),
    context: number('max_position_embeddings') || number('n_positions'),
    starter
  }
}

/** The starter model, then those that were chosen on this seat; folders that are gone are left out. */
export function listModels(resources: string, settings: SettingsFile): ModelView[] {
  const starters = modelFoldersIn(resources)
  const chosen = settings.get().models.filter((dir) => !starters.includes(resolve(dir)))
  return [...starters.flatMap((dir) => tryView(dir, true)), ...chosen.flatMap((dir) => tryView(dir, false))]
}

/** Remembers a model folder. @throws as `viewModel` */
export function addModel(dir: string, settings: SettingsFile): ModelView {
  const view = viewModel(dir)
  const others = settings.get().models.filter((known) => resolve(known) !== view.dir)
  settings.set({ models: [view.dir, ...others], modelDir: view.dir })
  return view
}

function tryView(dir: string, starter: boolean): ModelView[] {
  try {
    return [viewModel(dir, starter)]
  } catch {
    return []
  }
}

function modelFoldersIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => resolve(folder, name))
    .filter((dir) => existsSync(join(dir, 'config.json')))
}

function parseConfig(file: string): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (config !== null && typeof config === 'object') return config as Record<string, unknown>
  } catch {
    // said below
  }
  throw new Failure('bad-json', `${file} is not a valid model configuration; copy the model folder again.`)
}

/** The sum over the tensors' shapes in the headers of the weight files. */
function countParameters(dir: string): number {
  const files = readdirSync(dir).filter((name) => name.endsWith('.safetensors'))
  let parameters = 0
  for (const name of files)
    for (const [key, entry] of Object.entries(readHeader(join(dir, name)))) {
      const shape = (entry as { shape?: unknown } | null)?.shape
      if (key !== '__metadata__' && Array.isArray(shape))
        parameters += (shape as number[]).reduce((product, size) => product * size, 1)
    }
  return parameters
}

function readHeader(file: string): Record<string, unknown> {
  const corrupt = (): Failure =>
    new Failure(
      'checkpoint-corrupt',
      `${file} is damaged: its header cannot be read; copy the model folder again.`
    )
  const handle = openSync(file, 'r')
  try {
    const size = Buffer.alloc(8)
    if (readSync(handle, size, 0, 8, 0) < 8) throw corrupt()
    const length = size.readBigUInt64LE()
    if (length > BigInt(Math.min(largestHeader, statSync(file).size - 8))) throw corrupt()
    const header = Buffer.alloc(Number(length))
    readSync(handle, header, 0, header.length, 8)
    return JSON.parse(header.toString('utf8')) as Record<string, unknown>
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? corrupt() : thrown
  } finally {
    closeSync(handle)
  }
}

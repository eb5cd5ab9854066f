import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { float32, type HostTensor } from '../../../../src/engine/graph'
import { parseConfig } from '../../../../src/engine/models/families'
import type { Model } from '../../../../src/engine/models/model'

/** Reads a small F32 checkpoint by the format's description alone, so that these tests stand apart from the product's reader. */
export function readModel(folder: string): Model {
  const file = readFileSync(join(folder, 'model.safetensors'))
  const headerLength = Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  const tensors = new Map<string, HostTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const [start, end] = entry.data_offsets.map((offset) => offset + 8 + headerLength)
    tensors.set(
      name,
      float32(entry.shape, new Float32Array(new Uint8Array(file.subarray(start, end)).buffer))
    )
  }
  return { config: parseConfig(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))), tensors }
}

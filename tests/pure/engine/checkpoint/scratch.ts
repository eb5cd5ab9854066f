import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { safetensorsBytes } from './safetensors-bytes'

export { safetensorsBytes }

/** A folder of this test file's own, removed when its tests are done. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function writeSafetensorsFile(
  folder: string,
  header: unknown,
  dataBytes: number,
  declaredLength?: bigint
): string {
  const path = join(folder, 'model.safetensors')
  writeFileSync(path, safetensorsBytes(header, dataBytes, declaredLength))
  return path
}

/** The code and sentence of what `run` throws. */
export function failureOf(run: () => unknown): { code: unknown; message: string } {
  try {
    run()
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string }
    return { code, message }
  }
  throw new Error('nothing was thrown')
}

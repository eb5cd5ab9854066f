import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A folder of this test file's own, removed when its tests are done. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Bytes of a safetensors file with this header (text or JSON value) and this much data. */
export function safetensorsBytes(header: unknown, dataBytes: number, declaredLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, declaredLength ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
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

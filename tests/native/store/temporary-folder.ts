import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A folder of its own for each test of a file; gone afterwards. */
export function temporaryFolder(): (name: string) => string {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'text2grad-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  return (name) => join(folder, name)
}

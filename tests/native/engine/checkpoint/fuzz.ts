import { join } from 'node:path'
import fc from 'fast-check'
import { isErrorCode } from '../../../../src/contract/errors'
import { fuzzKinds, writeCase } from './fuzz-kinds'

/** Milliseconds that one case may take on a busy machine; a hang or a walk through claimed billions takes longer. */
const patience = 5_000

export interface FuzzOutcome {
  readonly opened: number
  readonly failed: number
  /** Milliseconds of the longest case. */
  readonly slowest: number
}

/**
 * Opens mutated folders of one kind. Each must open with what its files promise, or fail with a code and one sentence
 * that names the file; none may crash, hang, or read beyond a file. `around` runs the opening, to watch it.
 */
export async function fuzzKind(
  name: string,
  folder: string,
  cases: number,
  around: (target: string, open: () => Promise<void>) => Promise<void> = (_, open) => open()
): Promise<FuzzOutcome> {
  const kind = fuzzKinds[name]
  const sound = join(folder, `${name}-sound`)
  const target = join(folder, `${name}-case`)
  kind.prepare(sound)
  // What has not been touched opens, or nothing would be tested.
  await kind.open(sound)
  let [opened, failed, slowest] = [0, 0, 0]
  const property = fc.asyncProperty(kind.mutation, async (mutations) => {
    writeCase(kind, sound, target, mutations)
    const started = performance.now()
    try {
      await around(target, async () => kind.open(target))
      opened++
    } catch (error) {
      requireExpected(error, kind.names ?? new RegExp(target))
      failed++
    }
    const taken = performance.now() - started
    slowest = Math.max(slowest, taken)
    if (taken > patience) throw new Error(`It took ${taken} ms.`)
  })
  await fc.assert(property, { numRuns: cases, seed: 1 })
  return { opened, failed, slowest }
}

function requireExpected(error: unknown, names: RegExp): void {
  const { code, message } = error as { code?: unknown; message: string }
  if (!isErrorCode(code)) throw error
  if (!names.test(message)) throw new Error(`It names no file: ${message}`, { cause: error })
  // What watches the reading may have had its own complaint made into a sentence.
  if (/became shorter|outside the folder|beyond the file/.test(message))
    throw new Error(message, { cause: error })
}

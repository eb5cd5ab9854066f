import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const shared = resolve(import.meta.dirname, '../../shared')

/** Path of a file or folder beside the checkout that some tests use and no test needs. */
export const sharedPath = (name: string): string => resolve(shared, name)

/** For `describe.skipIf(lacksShared('models/stories260K'))`: such tests report themselves skipped. */
export const lacksShared = (...names: string[]): boolean =>
  !names.every((name) => existsSync(sharedPath(name)))

import { readFileSync, statSync } from 'node:fs'
import { EngineFailure } from '../failure'
import { explainingReads } from './open-file'

/** Bytes: configurations and counters are far smaller; anything larger is not what its name says. */
const sizeLimit = 1 << 24

/**
 * Reads a configuration file whole.
 * Throws `not-found`, `not-a-file`, `empty-file`, `unreadable`, or `bad-json` for one that is far too large.
 */
export function readSmallFile(path: string): Uint8Array {
  return explainingReads(path, () => {
    const stat = statSync(path)
    if (!stat.isFile()) throw new EngineFailure('not-a-file', `${path} is a folder, not a file.`)
    if (stat.size === 0)
      throw new EngineFailure('empty-file', `${path} is empty; copy it again from its source.`)
    if (stat.size > sizeLimit)
      throw new EngineFailure('bad-json', `${path} is too large for a configuration.`)
    return readFileSync(path)
  })
}

/** What `readSmallFile` reads, as JSON; `bad-json` if it is none. */
export function readJsonFile(path: string): unknown {
  const bytes = readSmallFile(path)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new EngineFailure('bad-json', `${path} is not valid JSON (${(error as Error).message}).`)
  }
}

/** Throws `not-found` unless there is a folder at `path`; `need` says what is needed instead. */
export function requireFolder(path: string, need: string): void {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new EngineFailure('not-found', `There is no folder ${path}; ${need}.`)
  if (!stat.isDirectory()) throw new EngineFailure('not-found', `${path} is a file; ${need}.`)
}

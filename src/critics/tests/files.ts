import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Failure } from '../../pipeline/failure'

/**
 * `resources`, seen from the source of a checkout, from its build, from a part of that, and, in a package, from the
 * archive that the build lies in.
 */
const places = [
  '../../../resources',
  '../../resources',
  '../../../resources',
  '../../../studio',
  '../../../../studio'
]

/** What the process of a program is made of, as real files: a sandbox cannot look into the package's archive. */
export interface SandboxFiles {
  /** Folder of child.mjs and judge.py. */
  readonly own: string
  /** Folder of Pyodide. */
  readonly pyodide: string
}

/** @throws Failure not-found if the program was installed without them */
export function sandboxFiles(): SandboxFiles {
  const own = places
    .map((place) => join(__dirname, place, 'python-sandbox'))
    .find((folder) => existsSync(join(folder, 'child.mjs')))
  const pyodide = pyodideFolder()
  if (own === undefined || pyodide === null)
    throw new Failure(
      'not-found',
      'The parts that run Python programs are missing; install the program again, or run npm ci in a checkout.'
    )
  return { own, pyodide }
}

function pyodideFolder(): string | null {
  try {
    const found = dirname(createRequire(join(__dirname, 'files.js')).resolve('pyodide/package.json'))
    return found.replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2')
  } catch {
    return null
  }
}

import * as fs from 'node:fs'
import { sep } from 'node:path'
import { fuzzKind } from '../../../native/engine/checkpoint/fuzz'

/**
 * Fuzzes one kind of file in a process that may die of it: prints the outcome, and the most memory that the process has
 * had (kilobytes). While a case is opened, every file that is opened has to lie in the case's folder, and every read
 * within its file.
 */
const [kind, folder, cases] = process.argv.slice(2)

/** `node:fs` as the code under test sees it: a module of CommonJS, whose functions can be replaced. */
const files = (fs as unknown as { default?: typeof fs }).default ?? fs
const { openSync, readFileSync, readSync, fstatSync } = files
let within: string | null = null

function requireWithin(path: unknown): void {
  if (within !== null && typeof path === 'string' && !path.startsWith(within + sep))
    throw new Error(`It opened ${path}, which is outside the folder.`)
}

const watched: Partial<typeof fs> = {
  openSync: (path, ...rest) => {
    requireWithin(path)
    return openSync(path, ...rest)
  },
  readFileSync: ((path: fs.PathOrFileDescriptor, options?: BufferEncoding) => {
    requireWithin(path)
    return readFileSync(path, options)
  }) as typeof readFileSync,
  readSync: ((descriptor: number, buffer: Uint8Array, offset: number, length: number, position: number) => {
    if (within !== null && position + length > fstatSync(descriptor).size)
      throw new Error(`It read ${length} bytes at ${position}, beyond the file.`)
    return readSync(descriptor, buffer, offset, length, position)
  }) as typeof readSync
}
Object.assign(files, watched)

async function around(target: string, open: () => Promise<void>): Promise<void> {
  within = target
  try {
    await open()
  } finally {
    within = null
  }
}

void fuzzKind(kind, folder, Number(cases), around).then((outcome) =>
  process.stdout.write(JSON.stringify({ ...outcome, memory: process.resourceUsage().maxRSS }))
)

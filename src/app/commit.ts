import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** The commit that a checkout stands at, read from `.git` without running anything; null outside a checkout. */
export function commitOfCheckout(from: string = __dirname): string | null {
  const git = findGit(resolve(from))
  if (git === null) return null
  try {
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim()
    if (!head.startsWith('ref: ')) return head
    const name = head.slice('ref: '.length)
    const loose = join(git, name)
    if (existsSync(loose)) return readFileSync(loose, 'utf8').trim()
    const packed = readFileSync(join(git, 'packed-refs'), 'utf8').split('\n')
    return packed.find((line) => line.endsWith(` ${name}`))?.split(' ')[0] ?? null
  } catch {
    return null
  }
}

function findGit(dir: string): string | null {
  if (existsSync(join(dir, '.git', 'HEAD'))) return join(dir, '.git')
  const parent = dirname(dir)
  return parent === dir ? null : findGit(parent)
}

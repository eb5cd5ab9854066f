import { createHash } from 'node:crypto'

/** Hash of a text's UTF-8 bytes. */
export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

/**
 * An id made of content: the same content gets the same id in every project, so that importing a file twice adds
 * nothing, splits agree between machines, and copies made apart can be merged. 96 bits.
 */
export const contentId = (...parts: readonly string[]): string => sha256(JSON.stringify(parts)).slice(0, 24)

/** JSON with sorted keys: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner
  )
}

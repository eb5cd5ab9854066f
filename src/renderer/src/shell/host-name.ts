/**
 * The host that a person means by a name, an address or a whole URL, as a critic's address would have it: lower case,
 * without port and brackets. null where it is none.
 */
export function hostNameOf(words: string): string | null {
  const typed = words.trim()
  const url = typed.includes('://') ? typed : `http://${typed}`
  if (typed === '' || /\s/.test(typed) || !/^https?:/i.test(url)) return null
  try {
    const name = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
    return name === '' ? null : name
  } catch {
    return null
  }
}

/** This machine needs no permission. */
export const isThisMachine = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

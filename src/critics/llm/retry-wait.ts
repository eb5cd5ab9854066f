/**
 * Milliseconds that a Retry-After header asks to wait, or null where it says nothing that can be read.
 * Source: RFC 9110, section 10.2.3: seconds, or a date. `now`: milliseconds since 1970.
 */
export function retryWait(header: string | null, now: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

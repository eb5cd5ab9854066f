/** Where a mark begins on screen, in pixels from the top left corner of the text. */
export interface MarkPlace {
  readonly top: number
  /** The lower edge of its first line. */
  readonly bottom: number
  /** The side on which its first letter begins: left, or right where the text runs that way. */
  readonly edge: number
}

export function markPlaces(root: HTMLElement): Map<string, MarkPlace> {
  const origin = root.getBoundingClientRect()
  const places = new Map<string, MarkPlace>()
  const rightToLeft = new Map<Element, boolean>()
  for (const element of root.querySelectorAll<HTMLElement>('mark.first')) {
    const block = element.closest('.block')
    const rect = [...element.getClientRects()].find(({ width }) => width > 0)
    if (!element.dataset.id || !rect || !block) continue
    const backwards = rightToLeft.get(block) ?? getComputedStyle(block).direction === 'rtl'
    rightToLeft.set(block, backwards)
    places.set(element.dataset.id, {
      top: rect.top - origin.top,
      bottom: rect.bottom - origin.top,
      edge: (backwards ? rect.right : rect.left) - origin.left
    })
  }
  return places
}

/**
 * Results in the order of the items, while up to `width` of them are worked on; work begins no further ahead of whoever
 * takes the results than that. Whoever stops taking them ends the work through the signal.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  controller: AbortController
): AsyncGenerator<Result> {
  const going: Promise<Result>[] = []
  let next = 0
  try {
    while (next < items.length || going.length > 0) {
      while (next < items.length && going.length < width) {
        const started = work(items[next++], controller.signal)
        // It is awaited in its turn; until then its failure is nobody's surprise.
        started.catch(() => undefined)
        going.push(started)
      }
      yield await (going.shift() as Promise<Result>)
    }
  } finally {
    controller.abort()
  }
}

import type { PassOptions } from './policy-pass'

type Shape = Pick<PassOptions, 'batch' | 'length' | 'firstPosition' | 'responseTokens'>

/**
 * The shapes of a step whose micro-batches may have several lengths, rising: `options` for each of them. A shorter batch
 * has room for fewer response tokens.
 */
export function shapesOf<Options extends Shape>(
  options: Options & { readonly shorter?: readonly number[] }
): readonly Options[] {
  const { batch, firstPosition = 0, responseTokens } = options
  const shorter = (options.shorter ?? []).map((length) => ({
    ...options,
    length,
    responseTokens: responseTokens && Math.min(responseTokens, batch * (length - 1 - firstPosition))
  }))
  return [...shorter, options]
}

/** Which of the shapes a batch of ids [B·T] has. Throws RangeError if none. */
export function shapeOf(shapes: readonly Shape[], ids: BigInt64Array): number {
  const found = shapes.findIndex(({ batch, length }) => ids.length === batch * length)
  if (found >= 0) return found
  const lengths = shapes.map(({ batch, length }) => `${batch} × ${length}`)
  throw new RangeError(`ids has ${ids.length} tokens, the batch ${lengths.join(' or ')}.`)
}

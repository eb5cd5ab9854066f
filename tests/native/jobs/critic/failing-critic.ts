import type { Critic } from '../../../../src/contract/critic'

/** A critic that fails on the answers that `fails` says, and marks every vowel of the others. */
export function criticThat(fails: (index: number) => boolean): Critic {
  return {
    id: 'test',
    version: '1',
    async *score(batch) {
      await Promise.resolve()
      for (const [index, { response }] of batch.entries()) {
        if (fails(index)) yield { status: 'failed', code: 'critic-failed', reason: 'it was told to' } as const
        else {
          const at = [...response].findIndex((letter) => 'aeiou'.includes(letter))
          if (at < 0) yield { status: 'ok', critique: 'fine', spans: [], nothingNotable: true } as const
          else
            yield {
              status: 'ok',
              critique: 'a vowel',
              spans: [{ quote: [...response][at], start: at, end: at + 1, polarity: 'poor' }]
            } as const
        }
      }
    }
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Span } from '../../../../../src/pipeline/annotate/span'
import { agreementOf, cohensKappa } from '../../../../../src/pipeline/reward/critic-quality/agreement'
import { wordOffsets, type EvaluatedAnswer } from '../../../../../src/pipeline/reward/critic-quality/answer'
import { rouge } from '../../../../../src/pipeline/reward/critic-quality/rouge'

/** Made by scripts/golden/critic-measures.py from the definitions, without any of our code. */
interface Golden {
  readonly rouge: readonly {
    readonly reference: string
    readonly candidate: string
    readonly rouge1: number
    readonly rouge2: number
    readonly rougeL: number
  }[]
  readonly kappa: readonly {
    readonly classes: number
    readonly table: readonly number[]
    readonly kappa: number | null
  }[]
  readonly agreement: readonly {
    /** Of words of one letter; a span is its first and last word. */
    readonly answers: readonly {
      readonly words: number
      readonly people: readonly (readonly [number, number, Span['polarity']][])[]
    }[]
    readonly spanF1: { readonly exact: number | null; readonly iou50: number | null }
    readonly kappa: number | null
  }[]
}
const golden = JSON.parse(
  readFileSync(join(__dirname, '../../../../golden/critic-measures.json'), 'utf8')
) as Golden

/** Equal but for the last bits of a division; null is null. */
function expectNear(found: number | null, wanted: number | null, where: string): void {
  if (found === null || wanted === null) expect(found, where).toBe(wanted)
  else expect(Math.abs(found - wanted), where).toBeLessThan(1e-12)
}

const spanOf = ([first, last, polarity]: readonly [number, number, Span['polarity']]): Span => ({
  start: 2 * first,
  end: 2 * last + 1,
  polarity
})

describe('measures of critics, against definitions written down in another language', () => {
  it('ROUGE', () => {
    expect(golden.rouge.length).toBeGreaterThan(30)
    for (const { reference, candidate, ...wanted } of golden.rouge) {
      const found = rouge(reference, candidate)
      for (const name of ['rouge1', 'rouge2', 'rougeL'] as const)
        expectNear(found[name], wanted[name], `${name} of ${JSON.stringify([reference, candidate])}`)
    }
  })

  it("Cohen's kappa", () => {
    expect(golden.kappa.length).toBeGreaterThan(20)
    for (const { table, classes, kappa } of golden.kappa)
      expectNear(cohensKappa(table, classes), kappa, table.join())
  })

  it('agreement of two people, and of a person and a critic', () => {
    expect(golden.agreement.length).toBeGreaterThan(20)
    for (const { answers, spanF1, kappa } of golden.agreement) {
      const evaluated = answers.map(({ words, people }, index): EvaluatedAnswer => {
        const text = Array.from({ length: words }, () => 'w').join(' ')
        const [ada, bo] = people.map((spans) => spans.map(spanOf))
        return {
          ...{ responseId: `${index}`, documentId: `${index}`, text, offsets: wordOffsets(text) },
          people: [
            { person: 'Bo', critique: '', spans: bo },
            { person: 'Ada', critique: '', spans: ada }
          ],
          predicted: { status: 'ok', critique: '', spans: bo }
        }
      })
      const { amongPeople, withCritic } = agreementOf(evaluated)
      const pairs = [amongPeople[0], withCritic.find(({ first }) => first === 'Ada')!]
      for (const pair of pairs) {
        expectNear(pair.spanF1.exact, spanF1.exact, 'exact')
        expectNear(pair.spanF1.iou50, spanF1.iou50, 'iou50')
        expectNear(pair.kappa, kappa, 'kappa')
        expect(pair.answers).toBe(answers.length)
      }
    }
  })
})

const sentences = fc
  .array(fc.constantFrom('the', 'year', 'is', 'wrong', '1874', '年', 'день', '.'), { maxLength: 12 })
  .map((words) => words.join(' '))

describe('ROUGE of any two texts', () => {
  it('is the same both ways round, between 0 and 1, and longest for what is nearest', () => {
    fc.assert(
      fc.property(sentences, sentences, (a, b) => {
        const [there, back] = [rouge(a, b), rouge(b, a)]
        expect(there).toEqual(back)
        for (const value of Object.values(there)) expect(value >= 0 && value <= 1).toBe(true)
        // a common subsequence is made of common words
        expect(there.rougeL).toBeLessThanOrEqual(there.rouge1)
      })
    )
  })

  it('is 1 for a text and itself, as far as it has n-grams', () => {
    fc.assert(
      fc.property(sentences, (text) => {
        const words = text.split(' ').filter((word) => word !== '' && word !== '.').length
        const [any, pairs] = [words > 0 ? 1 : 0, words > 1 ? 1 : 0]
        expect(rouge(text, text)).toEqual({ rouge1: any, rouge2: pairs, rougeL: any })
      })
    )
  })
})

describe("Cohen's kappa of any table", () => {
  const tables = fc.array(fc.nat(20), { minLength: 9, maxLength: 9 })
  const at = (table: readonly number[], row: number, column: number): number => table[3 * row + column]
  const places = [0, 1, 2].flatMap((row) => [0, 1, 2].map((column) => [row, column] as const))

  it('does not depend on who is first, on the names of the classes, or on how often all is counted', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 2, max: 5 }), (table, times) => {
        const kappa = cohensKappa(table, 3)
        const turned = places.map(([row, column]) => at(table, column, row))
        const renamed = places.map(([row, column]) => at(table, (row + 1) % 3, (column + 1) % 3))
        for (const other of [turned, renamed, table.map((count) => count * times)])
          expectNear(cohensKappa(other, 3), kappa, other.join())
      })
    )
  })

  it('is at most 1, and 1 exactly where all agree', () => {
    fc.assert(
      fc.property(tables, fc.boolean(), (counts, agreeing) => {
        const table = counts.map((count, place) => (agreeing && place % 4 !== 0 ? 0 : count))
        const kappa = cohensKappa(table, 3)
        if (kappa === null) return
        const allAgree = table.every((count, place) => place % 4 === 0 || count === 0)
        expect(kappa).toBeLessThanOrEqual(1 + 1e-12)
        expect(Math.abs(kappa - 1) < 1e-12).toBe(allAgree)
      })
    )
  })
})

import { describe, expect, test } from 'vitest'
import { memoryCases } from '../../../bench/memory/cases'
import { beyondProgram, estimateCase, measureCase } from '../../../bench/memory/estimate-case'

/** Of the eight that `npm run bench -- memory` prints, those that are done in a minute together. */
const words = ['stories260K', 'm6 full B8', 'm6 none', 'in 4 parts']
const cases = memoryCases.filter(({ name }) => words.some((word) => name.includes(word)))

describe.skipIf(process.platform !== 'linux')('memory that was estimated and memory that was taken', () => {
  test.each(cases.map((shape) => [shape.name, shape] as const))(
    '%s',
    async (_, shape) => {
      const ratio = beyondProgram(await estimateCase(shape)) / measureCase(shape)
      expect(ratio).toBeGreaterThan(0.85)
      expect(ratio).toBeLessThan(1.15)
    },
    300_000
  )
})

import { expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { fuzzKind } from './fuzz'
import { fuzzKinds } from './fuzz-kinds'

const folder = scratchFolder()

/** A taste of what `npm run test:long` does ten thousand times. */
const kinds = Object.keys(fuzzKinds).filter((kind) => kind !== 'tokenizer-large')
test.each(kinds)('mutated files of the kind %s open soundly or fail in one sentence', async (kind) => {
  const { opened, failed } = await fuzzKind(kind, folder, 40)
  expect(opened + failed).toBe(40)
  expect(failed).toBeGreaterThan(0)
})

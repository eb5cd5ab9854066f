import { expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { fuzzFolders } from './fuzz'

const folder = scratchFolder()

// tests/long has ten times as many.
test('200 mutated model and adapter folders open soundly or fail in one sentence', async () => {
  const { opened, failed } = await fuzzFolders(folder, 200)
  expect(opened).toBeGreaterThan(5)
  expect(failed).toBeGreaterThan(100)
})

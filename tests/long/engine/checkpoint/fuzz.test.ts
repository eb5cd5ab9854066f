import { expect, test } from 'vitest'
import { fuzzFolders } from '../../../native/engine/checkpoint/fuzz'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

const folder = scratchFolder()

test('2000 mutated model and adapter folders open soundly or fail in one sentence', async () => {
  const { opened, failed } = await fuzzFolders(folder, 2000)
  expect(opened).toBeGreaterThan(50)
  expect(failed).toBeGreaterThan(1000)
})

import { expect, test } from 'vitest'
import { lacksShared } from '../../../shared-data'
import { crossing, openFolder, openShared, starterFolder } from '../../../pure/critics/reply/replies'
import { writeReplies } from './engine-replies'

test('random weights write sound replies with tokens across all borders', async () => {
  const found = await writeReplies({
    ...{ tokenizer: crossing, end: crossing.end, replies: 160, batch: 32, maxNewTokens: 120, seed: 1 }
  })
  expect(found.spans).toBeGreaterThan(60)
})

test('random weights write sound replies with the tokenizer of the starter model', async () => {
  const tokenizer = openFolder(starterFolder)
  const end = tokenizer.eos ?? -1
  const found = await writeReplies({ tokenizer, end, replies: 64, batch: 16, maxNewTokens: 180, seed: 2 })
  expect(found.spans).toBeGreaterThan(20)
})

test.skipIf(lacksShared('models/gpt2-tokenizer'))(
  'random weights write sound replies with 50,000 tokens',
  async () => {
    const tokenizer = openShared('models/gpt2-tokenizer')
    const end = tokenizer.eos ?? -1
    const found = await writeReplies({ tokenizer, end, replies: 32, batch: 16, maxNewTokens: 64, seed: 3 })
    expect(found.spans).toBeGreaterThan(4)
  }
)

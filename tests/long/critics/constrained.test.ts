import { expect, test } from 'vitest'
import { lacksShared } from '../../shared-data'
import { writeReplies } from '../../native/critics/reply/engine-replies'
import { crossing, openFolder, openShared, starterFolder } from '../../pure/critics/reply/replies'

const shared = (name: string) => () => {
  const tokenizer = openShared(name)
  return { tokenizer, end: tokenizer.eos ?? -1 }
}
const starter = () => {
  const tokenizer = openFolder(starterFolder)
  return { tokenizer, end: tokenizer.eos ?? -1 }
}

/** The hardest case of constrained decoding: a model of random weights. Every reply is checked; one bad reply throws. */
for (const { name, open, replies, needs = [] } of [
  {
    name: 'bytes and tokens across all borders',
    open: () => ({ tokenizer: crossing, end: crossing.end }),
    replies: 5000
  },
  { name: 'the tokenizer of the starter model', open: starter, replies: 3000 },
  {
    name: 'SentencePiece with 512 tokens',
    open: shared('models/stories260K'),
    replies: 2000,
    needs: ['models/stories260K']
  },
  {
    name: 'the tokenizer of GPT-2',
    open: shared('models/gpt2-tokenizer'),
    replies: 100,
    needs: ['models/gpt2-tokenizer']
  }
])
  test.skipIf(lacksShared(...needs))(`random weights write ${replies} sound replies: ${name}`, async () => {
    const found = await writeReplies({ ...open(), replies, batch: 100, maxNewTokens: 150, seed: 7 })
    console.log(`${name}: ${found.written} replies, ${found.spans} spans, ${found.tokens} tokens`)
    expect(found.written).toBe(replies)
    expect(found.spans).toBeGreaterThan(replies / 5)
  })

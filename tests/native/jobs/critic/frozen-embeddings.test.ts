import { join } from 'node:path'
import { expect, test } from 'vitest'
import { criticFiles } from '../../../../src/contract/critic-record'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { floats } from '../../../../src/engine/graph'
import { tensorOf } from '../../../../src/engine/models/model'
import { trainCritic } from '../../../../src/jobs/critic/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { quietHost } from '../run/tiny-run'
import { criticFolder, starterModel } from './training'

const scratch = scratchFolder()
const embedding = 'model.embed_tokens.weight'
const query = 'model.layers.0.self_attn.q_proj.weight'

test('frozen embeddings are the base’s to the bit; every other weight is trained', async () => {
  const base = await openModelFolder(starterModel)
  const weightsOf = async (embeddings: 'trained' | 'frozen', name: string) => {
    const dir = criticFolder(join(scratch, `${embeddings}-${name}`), { lora: null, embeddings, steps: 3 })
    await trainCritic(dir, quietHost())
    return floats(tensorOf(await openModelFolder(join(dir, criticFiles.model)), name))
  }
  expect(await weightsOf('frozen', embedding)).toEqual(floats(tensorOf(base, embedding)))
  expect(await weightsOf('trained', embedding)).not.toEqual(floats(tensorOf(base, embedding)))
  expect(await weightsOf('frozen', query)).not.toEqual(floats(tensorOf(base, query)))
})

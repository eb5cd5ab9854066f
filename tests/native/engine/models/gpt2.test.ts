import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openModelFolder } from '../../../../src/engine/checkpoint/model-folder'
import { lacksShared, sharedPath } from '../../../shared-data'
import { fullForward } from '../generate/reference'

const folder = 'models/tiny-random-gpt2'

interface Expected {
  readonly ids: readonly number[]
  readonly logits: readonly (readonly number[])[]
}

describe.skipIf(lacksShared(folder))('tiny-random-gpt2, a published model', () => {
  it('has the logits of an export by Hugging Face', async () => {
    const model = await openModelFolder(sharedPath(folder))
    const { ids, logits }: Expected = JSON.parse(
      readFileSync(sharedPath(`${folder}/expected-logits.json`), 'utf8')
    ) as Expected
    const actual = await fullForward(model, { kind: 'none' }, new Map(), ids)
    expect(actual).toHaveLength(logits.length)
    logits.forEach((row, t) =>
      row.forEach((logit, token) => expect(Math.abs(actual[t][token] - logit)).toBeLessThanOrEqual(1e-4))
    )
  })
})

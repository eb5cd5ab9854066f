import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoFiles } from '../../../src/app/demo/demo-runs'
import { truthOfFile } from '../../../src/app/demo/truth-file'
import { sampledAnswer } from '../../../src/contract/sampled-answer'
import { openModelFolder } from '../../../src/engine/checkpoint/model-folder'
import { sampleAnswers } from '../../../src/jobs/sample'
import { openTokenizer } from '../../../src/tokens/tokenizer'

const { model: dir, prompts } = demoFiles(resolve(import.meta.dirname, '../../../resources'))
const json = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), 'utf8'))

describe('the starter model', () => {
  let folder = ''
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'starter-'))))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is a Llama of at most a million weights and 4 MB, with a tokenizer that fits it', async () => {
    const model = await openModelFolder(dir)
    const tokenizer = openTokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
    const bytes = readdirSync(dir).map((name) => statSync(join(dir, name)).size)
    expect(model.parameters).toBeLessThanOrEqual(1_000_000)
    expect(bytes.reduce((sum, size) => sum + size)).toBeLessThan(4_000_000)
    expect(tokenizer.vocabularySize).toBe(model.config.vocabularySize)
    expect(model.config.beginToken).toBe(tokenizer.bos)
    expect(model.config.endTokens).toEqual([tokenizer.eos])
    const prompt = 'Name: Old Mill bridge'
    expect(tokenizer.prompt([{ role: 'user', content: prompt }], 'tokenizer')).toEqual([
      tokenizer.bos,
      ...tokenizer.encode(`${prompt}\n\n`)
    ])
  })

  test('greedily answers the first held-out prompt as it always has, mistakes and all', async () => {
    const one = join(folder, 'prompt.jsonl')
    const outFile = join(folder, 'answer.jsonl')
    writeFileSync(one, readFileSync(prompts, 'utf8').split('\n', 1)[0] + '\n')
    await sampleAnswers(
      {
        kind: 'sample',
        model: dir,
        adapter: null,
        template: 'tokenizer',
        promptsFile: one,
        outFile,
        samplesPerPrompt: 1,
        maxNewTokens: 64,
        temperature: 0,
        seed: 1,
        threads: 1,
        device: 'cpu'
      },
      { emit: () => undefined, takeControl: () => null }
    )
    const { text, finish } = sampledAnswer.parse(JSON.parse(readFileSync(outFile, 'utf8')))
    expect(finish).toBe('eos')
    expect(text).toBe(
      'The Bright Otter bridge crosses the river Gade. It was opened in 1935 and is made of steel. It is 120 metres long and painted green.'
    )
    expect(truthOfFile(one, outFile)).toMatchObject([{ right: 4, wrong: 2, unsupported: 0 }])
  })
})

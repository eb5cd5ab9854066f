import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { openModelFolder } from '../../../src/engine/checkpoint/model-folder'
import { saveAdapter } from '../../../src/engine/checkpoint/peft'
import { float32 } from '../../../src/engine/graph'
import { loraParameters } from '../../../src/engine/models/parameters'
import { numbers } from '../../pure/engine/checkpoint/random-model'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'
import { text2grad } from './run-command'

const root = scratchFolder()
const dir = resolve(import.meta.dirname, '../../../resources/starter-model')

async function adapterOf(): Promise<string> {
  const folder = join(root, 'adapter')
  if (existsSync(folder)) return folder
  const { config } = await openModelFolder(dir)
  const lora = { rank: 2, alpha: 4, modules: ['q_proj', 'up_proj'] }
  const next = numbers(3)
  const parameters = new Map(
    [...loraParameters(config, lora, next)].map(([name, { shape, data }]) => [
      name,
      float32(
        shape,
        Float32Array.from(data as Float32Array, () => next() - 0.5)
      )
    ])
  )
  saveAdapter(folder, { lora, parameters, baseModel: dir })
  return folder
}

test('model merge prints the largest difference of the reloaded model, which scores as model and adapter do', async () => {
  const adapter = await adapterOf()
  const out = join(root, 'merged')
  const { exitCode, json, error } = await text2grad(
    'model',
    'merge',
    dir,
    '--adapter',
    adapter,
    '--out',
    out,
    '--json'
  )
  expect(error).not.toContain('text2grad:')
  expect(exitCode).toBe(0)
  expect(json).toMatchObject({ out, format: 'model', type: 'F32', tokens: 32 })
  const { largestLogitDifference } = json as { largestLogitDifference: number }
  expect(largestLogitDifference).toBeLessThanOrEqual(1e-4)

  const scores = async (...words: string[]) => {
    const said = await text2grad('model', 'score', ...words, '--ids', '5,9,40,7,300', '--json')
    return (said.json as { logProbs: number[] }).logProbs
  }
  const [merged, adapted, plain] = [
    await scores(out),
    await scores(dir, '--adapter', adapter),
    await scores(dir)
  ]
  merged.forEach((value, i) => expect(value).toBeCloseTo(adapted[i], 4))
  expect(Math.abs(merged[0] - plain[0])).toBeGreaterThan(1e-3)
})

test('model export writes a GGUF file, in words for people, and never over another', async () => {
  const out = join(root, 'model.gguf')
  const words = ['model', 'export', dir, '--adapter', await adapterOf(), '--out', out, '--type', 'q8_0']
  const first = await text2grad(...words)
  expect(first.exitCode).toBe(0)
  expect(first.out).toMatch(
    /^Wrote .*model\.gguf: Q8_0, 0\.\d MB\. Reloaded, its logits of 32 tokens differ by at most/
  )
  const { size, mtimeMs } = statSync(out)
  const again = await text2grad(...words, '--json')
  expect(again.exitCode).toBe(1)
  expect(again.json).toMatchObject({ error: { code: 'bad-input' } })
  expect(statSync(out)).toMatchObject({ size, mtimeMs })
})

test('what is wrong is said in one line, and nothing is left', async () => {
  const out = join(root, 'nothing.gguf')
  const nowhere = await text2grad('model', 'export', join(root, 'nowhere'), '--out', out, '--json')
  expect(nowhere).toMatchObject({ exitCode: 1, json: { error: { code: 'not-found' } } })
  expect(nowhere.error.trim().split('\n')).toHaveLength(1)
  expect((await text2grad('model', 'export', dir, '--out', out, '--type', 'q4')).exitCode).toBe(2)
  expect((await text2grad('model', 'merge', dir, '--out', out)).exitCode).toBe(2)
  expect(readdirSync(root).filter((name) => name.includes('nothing'))).toEqual([])
})

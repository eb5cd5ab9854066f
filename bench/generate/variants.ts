import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sizes } from '../support/models'
import { startProgram, startScript, type Variant } from '../support/variant'
import { caseText, type GenerationCase } from './case'

export const startOurs = (name: string, shape: GenerationCase, threads: number, how: string): Variant =>
  startScript(name, join(import.meta.dirname, 'ours.ts'), [caseText(shape), String(threads), how])

/** What the prototype does once its session is open, in place of its own measurement. */
const driver = `
console.log(JSON.stringify({ ready: true }))
for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
  if (line !== 'go') break
  const start = performance.now()
  await s.run(f)
  console.log(JSON.stringify({ ms: performance.now() - start }))
}
process.exit(0)
`

/** The prototype's Loop, in its copy `dir`, made to run when it is told to. */
export function startPrototype(dir: string, shape: GenerationCase, threads: number): Variant {
  const source = readFileSync(join(dir, 'gen-loop.mjs'), 'utf8')
  const own = source.indexOf('const ts = [];')
  if (own < 0) throw new Error("The prototype's gen-loop.mjs measures in another way than is known here.")
  writeFileSync(join(dir, 'gen-driven.mjs'), source.slice(0, own) + driver)
  const { size, batch, promptLength, maxNewTokens, sampled } = shape
  const numbers = [batch, promptLength, maxNewTokens].map(String)
  return startProgram(
    'prototype',
    process.execPath,
    ['gen-driven.mjs', size, ...numbers, sampled ? 'sample' : 'greedy'],
    { cwd: dir, environment: { SESS: JSON.stringify({ intraOpNumThreads: threads }) } }
  )
}

export function startTorch(python: string, shape: GenerationCase, threads: number): Variant {
  const { size, batch, promptLength, maxNewTokens, sampled } = shape
  const numbers = [batch, promptLength, maxNewTokens, Number(sampled), threads].map(String)
  const script = join(import.meta.dirname, 'torch_generate.py')
  return startProgram('PyTorch', python, [script, JSON.stringify(sizes[size]), ...numbers])
}

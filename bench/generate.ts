import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { caseText, parseCase, type GenerationCase } from './generate/case'
import { story } from './generate/story'
import { startOurs, startPrototype, startTorch } from './generate/variants'
import { median, race } from './support/interleave'
import { withRivals } from './support/rivals'
import type { Variant } from './support/variant'

/**
 * Tokens a second of whole rollouts, prompts included, against the prototype's Loop and PyTorch:
 *
 *   npm run bench -- generate [--cases m6:8x64+192,…] [--rounds 7] [--threads 2] [--without prototype,torch,steps,adapter]
 *
 * Every implementation is a process of its own; they take turns, one rollout each, after two of warm-up. The median is
 * given, the best, the ratio to the prototype's median, and the peak of memory. `ours, steps` asks for a mask at every
 * token; `ours, adapter` has a LoRA of rank 16 on all matrices. PyTorch's Python is $PYTHON, or python3. At the end:
 * stories260K beside the checkout, one sequence, greedy, for which plain C reaches 7,900 tokens a second on 2 cores.
 */
const { values } = parseArgs({
  options: {
    cases: {
      type: 'string',
      default: 'm6:8x64+192,m6:8x64+192:sampled,m88:8x64+64,m88:8x64+64:sampled'
    },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    without: { type: 'string', default: '' }
  }
})
const rounds = Number(values.rounds)
const threads = Number(values.threads)
const without = values.without.split(',')
const stories = resolve(import.meta.dirname, '../../shared/models/stories260K')

function tell(shape: GenerationCase, variants: readonly Variant[]): void {
  const base = variants.find(({ name }) => name === 'prototype')
  const tokens = shape.batch * shape.maxNewTokens
  const rate = (ms: number): string => ((tokens / ms) * 1000).toFixed(0).padStart(6)
  console.log(`\n${caseText(shape)}`)
  for (const variant of variants) {
    const ratio = base ? (median(base.times) / median(variant.times)).toFixed(2) : '-'
    console.log(
      `  ${variant.name.padEnd(14)} median ${rate(median(variant.times))} tokens/s  best ${rate(Math.min(...variant.times))}` +
        `  ×${ratio}  peak ${(variant.peak() / 1e6).toFixed(0).padStart(5)} MB`
    )
  }
}

async function main(): Promise<void> {
  console.log(`${threads} threads of ${cpus()[0].model}; ${rounds} interleaved rounds`)
  await withRivals(without, async ({ prototype, python }) => {
    for (const shape of values.cases.split(',').filter(Boolean).map(parseCase)) {
      const variants = [
        ...(prototype ? [startPrototype(prototype, shape, threads)] : []),
        ...(python ? [startTorch(python, shape, threads)] : []),
        startOurs('ours', shape, threads, 'whole'),
        ...(without.includes('steps') ? [] : [startOurs('ours, steps', shape, threads, 'steps')]),
        ...(shape.size === 'm88' && !without.includes('adapter')
          ? [startOurs('ours, adapter', shape, threads, 'adapter')]
          : [])
      ]
      await race(variants, rounds, () => tell(shape, variants))
    }
  })
  if (existsSync(stories)) await story(stories, threads, rounds)
}

void main()

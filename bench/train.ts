import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { withRivals } from './support/rivals'
import { median, race } from './support/interleave'
import { sizes } from './support/models'
import type { Variant } from './support/variant'
import { caseName, parseCase, type Case } from './train/case'
import { startMixed, startOurs, startPrototype, startTorch } from './train/variants'

/**
 * Time and peak memory of one PPO step (forward, backward, clip, AdamW) against the prototype and PyTorch.
 *
 *   npm run bench -- train [--cases m6:8x128,m88:4x512] [--rounds 7] [--threads 2] [--without prototype,torch]
 *   npm run bench -- train --lengths mixed [--cases m6:16x256]
 *
 * With mixed lengths, from a quarter of the longest up, ours alone is measured: all answers padded to the longest, the
 * same in four parts, and four parts sorted into four lengths (`buckets: 4` in run.json); ratios are to the first.
 *
 * Ours twice: with every layer kept for its gradient, and with every layer computed once more. `PYTHON` names the Python
 * that has PyTorch. Every implementation is a process of its own; they take turns, one step each, after two steps of warm-up. The median
 * is given, and the ratio to the prototype. All have the policy's loss, a value head and AdamW on the same tensors; the
 * prototype adds an estimate of the KL from given numbers, a few operations on one number a token. Processor time is that
 * of all threads, a busy machine disturbs it less.
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    lengths: { type: 'string', default: 'alike' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    without: { type: 'string', default: '' }
  }
})
const rounds = Number(values.rounds)
const threads = Number(values.threads)

const oneLength = 'one length'
const mixed = values.lengths === 'mixed'
const cases = (values.cases ?? (mixed ? 'm6:16x256' : 'm6:8x128,m6:4x512,m88:8x128,m88:4x512'))
  .split(',')
  .map(parseCase)

function tell(shape: Case, variants: readonly Variant[]): void {
  const base = variants.find(({ name }) => name === 'prototype' || name === oneLength)
  console.log(`\n${caseName(shape)}`)
  for (const variant of variants) {
    const measured = [
      ['median', 'ms', (one: Variant) => median(one.times)],
      ['best', 'ms', (one: Variant) => Math.min(...one.times)],
      ['processor', 'ms', (one: Variant) => Math.min(...one.processorTimes)],
      ['peak', 'MB', (one: Variant) => one.peak() / 1e6]
    ] as const
    const columns = measured.map(([name, unit, of]) => {
      const ratio = base ? ` ×${(of(variant) / of(base)).toFixed(2)}` : ''
      return `${name} ${of(variant).toFixed(0).padStart(5)} ${unit}${ratio}`
    })
    console.log(`  ${variant.name.padEnd(13)} ${columns.join('   ')}   loss ${variant.loss.toFixed(4)}`)
  }
}

async function main(): Promise<void> {
  console.log(`${threads} threads of ${cpus()[0].model}; ${rounds} interleaved rounds, medians`)
  if (mixed) {
    for (const shape of cases) {
      const variants = [
        startMixed(oneLength, shape, threads, 1, 'as-they-come'),
        startMixed('in 4 parts', shape, threads, 4, 'as-they-come'),
        startMixed('4 lengths', shape, threads, 4, 'sorted')
      ]
      await race(variants, rounds, () => tell(shape, variants))
    }
    return
  }
  await withRivals(values.without.split(','), async ({ prototype, python }) => {
    for (const shape of cases) {
      const variants = [
        ...(prototype ? [startPrototype(prototype, shape)] : []),
        ...(python ? [startTorch(python, shape, threads)] : []),
        startOurs('ours, fast', shape, threads, 0),
        startOurs('ours, frugal', shape, threads, sizes[shape.size].layers)
      ]
      await race(variants, rounds, () => tell(shape, variants))
    }
  })
}

void main()

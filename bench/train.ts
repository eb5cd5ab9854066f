import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { caseName, parseCase, type Case } from './train/case'
import {
  copyPrototype,
  pythonWithTorch,
  startOurs,
  startPrototype,
  startTorch,
  type Variant
} from './train/variants'

/**
 * Time and peak memory of one PPO step (forward, backward, clip, AdamW) against the prototype and PyTorch.
 *
 *   npm run bench -- train [--cases m6:8x128,m88:4x512] [--rounds 7] [--threads 2] [--without prototype,torch]
 *
 * Every implementation is a process of its own; they take turns, one step each, after two steps of warm-up. The median
 * is given, and the ratio to the prototype. All have the policy's loss, a value head and AdamW on the same tensors; the
 * prototype and PyTorch add an estimate of the KL from given numbers, a few operations on one number a token.
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: 'm6:8x128,m6:4x512,m88:8x128,m88:4x512' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    without: { type: 'string', default: '' }
  }
})
const warmUp = 2
const rounds = Number(values.rounds)
const threads = Number(values.threads)
const without = values.without.split(',')

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

async function measure(shape: Case, variants: readonly Variant[]): Promise<void> {
  for (const variant of variants) await variant.ready()
  for (let round = 0; round < warmUp + rounds; round++)
    for (const variant of variants) {
      const { ms } = await variant.turn()
      if (round >= warmUp) variant.times.push(ms)
    }
  const base = variants.find(({ name }) => name === 'prototype')
  console.log(`\n${caseName(shape)}`)
  for (const variant of variants) {
    const time = median(variant.times)
    const peak = variant.peak()
    const ratio = (of: number, to: number | undefined): string => (to ? (of / to).toFixed(2) : '-')
    console.log(
      `  ${variant.name.padEnd(16)} median ${time.toFixed(0).padStart(6)} ms  best ${Math.min(
        ...variant.times
      )
        .toFixed(0)
        .padStart(6)} ms` +
        `  ×${ratio(time, base && median(base.times))}  peak ${(peak / 1e6).toFixed(0).padStart(5)} MB  ×${ratio(peak, base?.peak())}` +
        `  loss ${variant.loss.toFixed(4)}`
    )
  }
}

async function main(): Promise<void> {
  console.log(`${threads} threads of ${cpus()[0].model}; ${rounds} interleaved rounds, medians`)
  const copy = without.includes('prototype') ? null : copyPrototype()
  if (!copy && !without.includes('prototype'))
    console.log('the prototype is not beside the checkout: left out')
  const python = without.includes('torch') ? null : pythonWithTorch()
  if (!python && !without.includes('torch')) console.log('PyTorch is not installed here: left out')
  try {
    for (const shape of values.cases.split(',').map(parseCase)) {
      const variants = [
        ...(copy ? [startPrototype(copy.dir, shape)] : []),
        ...(python ? [startTorch(python, shape, threads)] : []),
        startOurs('ours', shape, threads, [])
      ]
      try {
        await measure(shape, variants)
      } finally {
        for (const variant of variants) variant.stop()
      }
    }
  } finally {
    copy?.remove()
  }
}

void main()

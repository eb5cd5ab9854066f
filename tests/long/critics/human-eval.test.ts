import { describe, expect, it } from 'vitest'
import { readHumanEval } from '../../../bench/critic/human-eval'
import { drawMutants, judgeMutants, summary } from '../../../bench/critic/mutants-run'
import { testsCritic } from '../../../src/critics/tests'
import { lacksShared, sharedPath } from '../../shared-data'

const file = 'data/HumanEval.jsonl.gz'

describe.skipIf(lacksShared(file))('the critic made of tests, on HumanEval', () => {
  it('passes all 164 reference solutions, each with the whole response good', async () => {
    const tasks = readHumanEval(sharedPath(file))
    const inputs = tasks.map(({ prompt, canonical_solution: response, test, entry_point: entryPoint }) => ({
      prompt: [{ role: 'user' as const, content: prompt }],
      response,
      tests: { test, entryPoint }
    }))
    const otherwise: unknown[] = []
    let passed = 0
    for await (const critique of testsCritic().score(inputs, { aborted: false })) {
      const whole =
        critique.status === 'ok' &&
        critique.verdict === 'pass' &&
        critique.spans.every(({ polarity }) => polarity === 'good')
      if (whole) passed++
      else otherwise.push([inputs[passed + otherwise.length].tests.entryPoint, critique])
    }
    expect(otherwise).toEqual([])
    expect(passed).toBe(164)
  })

  it('finds most mutants of one statement, and most of their places among the first three', async () => {
    const mutants = await drawMutants(readHumanEval(sharedPath(file)), 60, 7)
    const { detected, top1, top3 } = summary(await judgeMutants(mutants, 2))
    expect(detected).toBeGreaterThan(0.75)
    expect(top1).toBeGreaterThan(0.3)
    expect(top3).toBeGreaterThan(0.55)
  })
})

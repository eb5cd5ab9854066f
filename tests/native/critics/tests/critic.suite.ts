import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CodeTests, Critique } from '../../../../src/contract/critic'
import { openCritic } from '../../../../src/critics'
import { testsCritic } from '../../../../src/critics/tests'
import { sliceCodePoints } from '../../../../src/pipeline/annotate/code-points'

const prompt = 'def f(xs):\n    """Sum of xs."""\n'
const tests: CodeTests = {
  test: [
    'def check(candidate):',
    '    assert candidate([]) == 0',
    '    assert candidate([1, 2]) == 3',
    '    for i in range(3):',
    '        assert candidate([i]) == i',
    ''
  ].join('\n'),
  entryPoint: 'f'
}
const critic = testsCritic({ limits: { seconds: 1 } })
const never = { aborted: false }

async function judged(
  response: string,
  changes: { prompt?: string; tests?: CodeTests } = {}
): Promise<Critique> {
  const input = { prompt: [{ role: 'user' as const, content: changes.prompt ?? prompt }], response }
  for await (const critique of critic.score([{ ...input, tests: changes.tests ?? tests }], never))
    return critique
  throw new Error('nothing was said')
}

/** What is marked, checked against its own offsets. */
function marks(critique: Critique, response: string): string[] {
  if (critique.status === 'failed') throw new Error(critique.reason)
  for (const { start, end, quote } of critique.spans)
    expect(sliceCodePoints(response, start ?? -1, end ?? -1)).toBe(quote)
  return critique.spans.map(({ polarity, quote }) => `${polarity}: ${quote}`)
}

/** Of every process, where the system shows them. */
function commandLines(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, 'utf8')] : []
    } catch {
      return []
    }
  })
}

describe.concurrent('the critic made of tests', () => {
  it('marks a program that passes as good', async () => {
    const critique = await judged('    return sum(xs)\n')
    expect(critique).toMatchObject({ status: 'ok', verdict: 'pass', critique: 'Passes its tests.' })
    expect(marks(critique, '    return sum(xs)\n')).toEqual(['good:     return sum(xs)\n'])
  })

  it('says which assertion fails, with which error, and marks the line', async () => {
    const response = '    # 𝒙 is no unit\n    first = xs[0]\n    return first + sum(xs[1:])\n'
    const critique = await judged(response)
    expect(critique).toMatchObject({
      verdict: 'fail',
      critique:
        '`assert f([]) == 0` fails: IndexError at line 2 (list index out of range). 1 of 5 tests fail.',
      spans: [{ reason: 'IndexError here' }]
    })
    expect(marks(critique, response)).toEqual(['poor: first = xs[0]'])
  })

  it('marks the statement that failing tests come by and passing ones do not', async () => {
    const response =
      '    t = 0\n    for x in xs:\n        if x > 1:\n            t += 3\n        else:\n            t += x\n    return t\n'
    const critique = await judged(response)
    expect(critique).toMatchObject({
      verdict: 'fail',
      critique: '`assert f([1, 2]) == 3` fails: it is 4. 2 of 5 tests fail.'
    })
    expect(marks(critique, response)).toEqual(['poor: t += 3'])
  })

  it('marks a syntax error at its place', async () => {
    const response = '    t = 0\n    retrun t\n'
    const critique = await judged(response)
    expect(critique).toMatchObject({ verdict: 'fail' })
    expect(critique.status === 'ok' && critique.critique).toMatch(
      /^Is no valid Python at line 2: invalid syntax/
    )
    expect(marks(critique, response)).toEqual(['poor: t'])
  })

  it.each([
    ['a null byte', '    return \0 1\n', '\0'],
    ['an unclosed bracket', '    return (sum(xs)\n', 'return (sum(xs)'],
    ['no body at all', '\r\n', undefined]
  ])('finds a place for %s', async (_, response, quote) => {
    const critique = await judged(response, quote === undefined ? { prompt: 'def f(xs):\n' } : {})
    expect(critique).toMatchObject({ status: 'ok', verdict: 'fail' })
    if (quote !== undefined) expect(marks(critique, response)).toEqual([`poor: ${quote}`])
  })

  it('says where a program does not end', async () => {
    const response = '    while True:\n        xs = xs[:]\n'
    const critique = await judged(response)
    expect(critique).toMatchObject({ verdict: 'timeout' })
    expect(critique.status === 'ok' && critique.critique).toMatch(
      /^Takes longer than its tests may\. `assert f\(\[\]\) == 0` fails: does not end at line [12]\./
    )
  })

  it('keeps to the order of its inputs, and fails on one without tests', async () => {
    const inputs = [
      '    return sum(xs)\n',
      '    return 0\n',
      '    return len(xs)\n',
      '    return sum(xs)\n'
    ].map((response, index) => ({
      prompt: [{ role: 'user' as const, content: prompt }],
      response,
      ...(index === 2 ? {} : { tests })
    }))
    const said: unknown[] = []
    for await (const { status, verdict } of critic.score(inputs, never)) said.push([status, verdict])
    expect(said).toEqual([
      ['ok', 'pass'],
      ['ok', 'fail'],
      ['failed', undefined],
      ['ok', 'pass']
    ])
  })

  it('ends its processes when it is cancelled by a signal that speaks once', async () => {
    let asked = 0
    const signal = {
      get aborted() {
        return ++asked === 3
      }
    }
    const slow = testsCritic({ limits: { seconds: 500, wallSeconds: 500 } })
    const input = {
      prompt: [{ role: 'user' as const, content: prompt }],
      response: '    while True: pass\n',
      tests
    }
    const all = async (): Promise<void> => {
      for await (const critique of slow.score([input], signal)) expect(critique).toBe('never said')
    }
    await expect(all()).rejects.toMatchObject({ code: 'cancelled' })
    expect(commandLines().filter((line) => line.includes('"seconds":500,"wallSeconds":500'))).toEqual([])
  })

  it('is opened by its name', async () => {
    expect(await openCritic('tests')).toMatchObject({
      id: 'tests',
      version: expect.stringMatching(/^[0-9a-f]{16}$/)
    })
  })
})

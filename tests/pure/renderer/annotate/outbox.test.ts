import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FailureValue, Outcome } from '../../../../src/contract/errors'
import type { AnnotationChange, AnnotationView } from '../../../../src/contract/ipc'
import { Outbox, type Letter } from '../../../../src/renderer/src/views/annotate/outbox'

const annotation: AnnotationView = {
  annotationId: 'a',
  person: 'Ada',
  kind: 'person',
  mine: true,
  status: 'draft',
  critique: '',
  spans: []
}
const saveTime = 5

/** A store that answers after a while, writes down what it got and when, and can be made to fail. */
function setting(answer: () => Outcome<AnnotationView> = () => ({ ok: true, value: annotation })) {
  const got: { change: AnnotationChange; at: number }[] = []
  const states: string[] = []
  const failures: { code: string; kept: boolean }[] = []
  const outbox = new Outbox({
    send: async ({ change }) => {
      got.push({ change, at: Date.now() })
      await new Promise((resolve) => setTimeout(resolve, saveTime))
      return answer()
    },
    onstate: (state) => states.push(state),
    onsaved: () => undefined,
    onfailure: (_letter, error, kept) => failures.push({ code: error.code, kept }),
    now: () => Date.now()
  })
  return { outbox, got, states, failures }
}
const typed = (reason: string): Letter => ({
  responseId: 'r',
  change: { type: 'set-reason', spanId: 's', reason }
})
const act = (spanId: string): Letter => ({ responseId: 'r', change: { type: 'remove-span', spanId } })
const failed = (code: FailureValue['code']): Outcome<AnnotationView> => ({
  ok: false,
  error: { code, message: 'It failed.' }
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('changes', () => {
  it('leave at once, in order, one at a time', async () => {
    const { outbox, got, states } = setting()
    for (const id of ['1', '2', '3']) outbox.put(act(id))
    expect(got).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(100)
    expect(got.map(({ change }) => 'spanId' in change && change.spanId)).toEqual(['1', '2', '3'])
    expect(got[1].at - got[0].at).toBe(saveTime)
    expect(states.at(-1)).toBe('saved')
  })

  it('typed letter by letter leave the first at once and are never older than 200 ms', async () => {
    const { outbox, got } = setting()
    const words = 'because nobody of that name ever built a bridge'
    const typedAt = new Map<number, number>()
    for (let length = 1; length <= words.length; length++) {
      typedAt.set(length, Date.now())
      outbox.put(typed(words.slice(0, length)))
      await vi.advanceTimersByTimeAsync(17)
    }
    await vi.advanceTimersByTimeAsync(500)
    const sent = got.map(({ change, at }) => ({ length: 'reason' in change ? change.reason.length : 0, at }))
    expect(sent[0].length).toBe(1)
    expect(sent.at(-1)?.length).toBe(words.length)
    expect(sent.length).toBeLessThan(words.length / 4)
    for (const [length, at] of typedAt) {
      const left = sent.find((letter) => letter.length >= length)
      expect((left?.at ?? Infinity) - at).toBeLessThanOrEqual(200)
    }
  })

  it('keep their place: an act after typing does not overtake the words', async () => {
    const { outbox, got } = setting()
    outbox.put(typed('a'))
    outbox.put(typed('ab'))
    outbox.put(act('other'))
    outbox.put(typed('abc'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(got.map(({ change }) => ('reason' in change ? change.reason : change.type))).toEqual([
      'a',
      'ab',
      'remove-span',
      'abc'
    ])
  })

  it('are all saved when a flush is over, without waiting for the interval', async () => {
    const { outbox, got } = setting()
    outbox.put(typed('a'))
    await vi.advanceTimersByTimeAsync(10)
    outbox.put(typed('ab'))
    const flushed = outbox.flush()
    await vi.advanceTimersByTimeAsync(20)
    await flushed
    expect(got).toHaveLength(2)
    expect(outbox.pending).toBe(0)
  })
})

describe('failures', () => {
  it('that may pass keep the change and send it again', async () => {
    let full = true
    const { outbox, got, states, failures } = setting(() =>
      full ? failed('disk-full') : { ok: true, value: annotation }
    )
    outbox.put(act('1'))
    await vi.advanceTimersByTimeAsync(2500)
    expect(states.at(-1)).toBe('failing')
    expect(failures).toEqual([{ code: 'disk-full', kept: true }])
    full = false
    await vi.advanceTimersByTimeAsync(2000)
    expect(states.at(-1)).toBe('saved')
    expect(new Set(got.map(({ change }) => 'spanId' in change && change.spanId))).toEqual(new Set(['1']))
  })

  it('that last let the change go and do not hold up the next', async () => {
    let first = true
    const { outbox, got, failures } = setting(() => {
      if (!first) return { ok: true, value: annotation }
      first = false
      return failed('span-outside-text')
    })
    outbox.put(act('1'))
    outbox.put(act('2'))
    await vi.advanceTimersByTimeAsync(100)
    expect(failures).toEqual([{ code: 'span-outside-text', kept: false }])
    expect(got).toHaveLength(2)
    expect(outbox.pending).toBe(0)
  })
})

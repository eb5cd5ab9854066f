import type { CodeTests, Critic, Critique } from '../../contract/critic'
import type { SampleRow } from '../../contract/job'
import type { RunConfig } from '../../contract/run-config'
import { alignSpans } from '../../pipeline/align/align'
import type { Message } from '../../pipeline/annotate/message'
import { labelOf } from '../../pipeline/annotate/span'

/** An answer in the policy's own tokens, before anyone has judged it. */
export interface Answer {
  readonly messages: readonly Message[]
  /** Of a program, for the critic `tests`. */
  readonly tests?: CodeTests
  readonly text: string
  readonly ids: readonly number[]
  /** Code-point range of each token. */
  readonly offsets: readonly (readonly [number, number])[]
}

/** What a critic's words come to on the policy's tokens. */
export interface Judged {
  readonly status: 'ok' | 'failed'
  readonly reason?: string
  readonly critique: string
  readonly spans: SampleRow['spans']
  /** Reward of each token; all 0 when the judgement failed. */
  readonly rewards: Float32Array
  /** −1, 0 or 1 for each token. */
  readonly labels: Int8Array
  readonly widened: number
}

const never = { aborted: false }

/**
 * Critic → spans → token rewards, failing closed: an answer whose critique failed or has a quote that finds no
 * certain place is failed as a whole. Nothing is guessed, nothing becomes an empty list of spans. `between` is called
 * after each answer, and what it throws ends the judging.
 */
export async function judge(
  critic: Critic,
  answers: readonly Answer[],
  rules: RunConfig['align'],
  between?: () => void
): Promise<Judged[]> {
  const inputs = answers.map(({ messages, text, tests }) => ({ prompt: messages, response: text, tests }))
  const judged: Judged[] = []
  for await (const critique of critic.score(inputs, never)) {
    if (judged.length === answers.length) break
    judged.push(place(critique, answers[judged.length], rules))
    between?.()
  }
  // A critic that stops early has failed on the rest.
  while (judged.length < answers.length)
    judged.push(failed(answers[judged.length], 'the critic said nothing', ''))
  return judged
}

function place(critique: Critique, answer: Answer, rules: RunConfig['align']): Judged {
  if (critique.status === 'failed') return failed(answer, `${critique.code}: ${critique.reason}`, '')
  if (critique.spans.length === 0 && critique.nothingNotable !== true)
    return failed(
      answer,
      'the critic marked nothing and did not say that nothing is notable',
      critique.critique
    )
  const aligned = alignSpans({ text: answer.text, offsets: answer.offsets, spans: critique.spans, rules })
  const lost = aligned.spans.find(({ issue }) => issue !== undefined)
  if (lost) return failed(answer, `a quote found no certain place (${lost.issue})`, critique.critique)
  return {
    status: 'ok',
    critique: critique.critique,
    spans: aligned.spans.map(({ start = 0, end = 0 }, index) => ({
      start,
      end,
      label: labelOf[critique.spans[index].polarity],
      reason: critique.spans[index].reason
    })),
    rewards: aligned.rewards,
    labels: aligned.labels,
    widened: aligned.spans.filter(({ widened }) => widened).length
  }
}

function failed({ ids }: Answer, reason: string, critique: string): Judged {
  return {
    status: 'failed',
    reason,
    critique,
    spans: [],
    rewards: new Float32Array(ids.length),
    labels: new Int8Array(ids.length),
    widened: 0
  }
}

import { frozenAnswer, runFiles, type FrozenAnswer } from '../../contract/run-record'
import type { RunConfig } from '../../contract/run-config'
import { alignSpans } from '../../pipeline/align/align'
import { labelOf } from '../../pipeline/annotate/span'
import { Failure } from '../../pipeline/failure'
import { openRunCritic } from '../critic/open'
import { judge, type Judged } from '../critic/judge'
import type { RunFolder } from './folder'

/** A stored answer and what its marks come to on the policy's tokens. */
export interface AnnotatedAnswer {
  readonly answer: FrozenAnswer
  readonly judged: Judged
}

/** Share of the answers that a critic may fail on. */
const ALLOWED_FAILURES = 0.2

/**
 * The run's answers with their token rewards: from people's spans, or from a critic that reads the stored answers.
 * @throws Failure critic-failing, nothing-to-train
 */
export async function readAnnotated(folder: RunFolder, between?: () => void): Promise<AnnotatedAnswer[]> {
  const { config } = folder
  const answers = folder.readLines(runFiles.answers, (line) => frozenAnswer.parse(line))
  const judged =
    config.critic === null
      ? answers.map((answer) => judgeByPeople(answer, config.align))
      : await judge(await openRunCritic(folder, between), answers, config.align, between)
  const failed = judged.filter(({ status }) => status === 'failed').length
  if (failed > ALLOWED_FAILURES * answers.length)
    throw new Failure(
      'critic-failing',
      `${failed} of ${answers.length} answers could not be judged; more than a fifth stops the run.`
    )
  return answers.map((answer, index) => ({ answer, judged: judged[index] }))
}

/** The trainer's reward vector of an answer that people marked: the very call that draws the strip on screen. */
export function judgeByPeople(answer: FrozenAnswer, rules: RunConfig['align']): Judged {
  const { text, offsets, spans, critique } = answer
  const aligned = alignSpans({ text, offsets, spans, rules })
  const lost = aligned.spans.find(({ issue }) => issue !== undefined)
  return {
    status: lost ? 'failed' : 'ok',
    reason: lost && `a span found no token (${lost.issue ?? ''})`,
    critique,
    spans: spans.map(({ start, end, polarity, reason }) => ({
      start,
      end,
      label: labelOf[polarity],
      reason
    })),
    rewards: aligned.rewards,
    labels: aligned.labels,
    widened: aligned.spans.filter(({ widened }) => widened).length
  }
}

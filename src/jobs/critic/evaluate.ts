import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Critique } from '../../contract/critic'
import {
  evaluationAnswer,
  type EvaluationAnswer,
  type EvaluationResult
} from '../../contract/critic-evaluation'
import type { JobRequest } from '../../contract/job'
import { alignSpans, defaultAlignRules } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'
import type { EvaluatedAnswer, Prediction } from '../../pipeline/reward/critic-quality/answer'
import { criticQuality } from '../../pipeline/reward/critic-quality/quality'
import { independentOf } from '../../pipeline/reward/critic-quality/independent'
import { breathe, ProgressMeter, type JobContext } from '../context'
import { openAnyCritic } from './open'
import { Loading } from '../loading'

type Request = Extract<JobRequest, { kind: 'evaluate-critic' }>

/**
 * Has a critic judge the answers that people marked, and measures it against them. Annotations that began as its own
 * predictions are left out and counted.
 * @throws Failure as opening the critic does; cancelled; nothing-to-train where there is no answer to evaluate on
 */
export async function evaluateCritic(request: Request, host: JobContext): Promise<EvaluationResult> {
  const { train, evaluate: marked } = await readAnswers(request.answersFile)
  if (marked.length === 0)
    throw new Failure('nothing-to-train', 'No answer of this split has been marked by a person.')
  const { device, threads, fallback, allowedHosts } = request
  const stopped = (): Failure =>
    new Failure('cancelled', 'The evaluation was cancelled; nothing of it was kept.')
  const context = new Loading(host, stopped)
  const options = { device, threads, fallback, allowedHosts, between: context.between }
  const critic = await openAnyCritic(request.critic, options)
  context.done()
  const { answers: evaluate, leftOut } = independentOf(marked, critic.version)
  if (evaluate.length === 0)
    throw new Failure(
      'nothing-to-train',
      'Every annotation of this split began as a prediction of this very critic: have people mark some answers without it.'
    )
  const meter = new ProgressMeter(context, evaluate.length, 'answers')
  const stopping = new AbortController()
  const judged: EvaluatedAnswer[] = []
  const inputs = evaluate.map(({ messages, text, tests }) => ({ prompt: messages, response: text, tests }))
  for await (const critique of critic.score(inputs, stopping.signal)) {
    const answer = evaluate[judged.length]
    judged.push({ ...answer, predicted: predictionOf(critique, answer) })
    meter.tell(judged.length, 'Evaluating')
    await breathe()
    if (context.takeControl() === 'stop') {
      stopping.abort()
      throw stopped()
    }
    if (judged.length === evaluate.length) break
  }
  // A critic that stops early has failed on the rest.
  for (const answer of evaluate.slice(judged.length))
    judged.push({ ...answer, predicted: { status: 'failed', reason: 'the critic said nothing' } })
  const quality = criticQuality(judged, { train, seed: request.seed, resamples: request.resamples })
  return { id: critic.id, version: critic.version, quality: { ...quality, leftOut } }
}

async function readAnswers(file: string): Promise<Record<EvaluationAnswer['use'], EvaluationAnswer[]>> {
  const answers: Record<EvaluationAnswer['use'], EvaluationAnswer[]> = { train: [], evaluate: [] }
  for await (const line of createInterface({ input: createReadStream(file, 'utf8') })) {
    const answer = evaluationAnswer.parse(JSON.parse(line))
    answers[answer.use].push(answer)
  }
  return answers
}

/** As a run would take it: silence that is not said, or a quote without a certain place, fails the whole critique. */
export function predictionOf(
  critique: Critique,
  { text, offsets }: Pick<EvaluationAnswer, 'text' | 'offsets'>
): Prediction {
  if (critique.status === 'failed') return { status: 'failed', reason: critique.reason }
  if (critique.spans.length === 0 && critique.nothingNotable !== true)
    return { status: 'failed', reason: 'the critic marked nothing and did not say that nothing is notable' }
  const { spans } = alignSpans({ text, offsets, spans: critique.spans, rules: defaultAlignRules })
  const lost = spans.find(({ issue }) => issue !== undefined)
  if (lost) return { status: 'failed', reason: `a quote found no certain place (${lost.issue})` }
  const { poorProbabilities: stretches } = critique
  return {
    status: 'ok',
    critique: critique.critique,
    spans: spans.map(({ start = 0, end = 0 }, i) => {
      const { polarity, reason, confidence } = critique.spans[i]
      return { start, end, polarity, reason, confidence }
    }),
    ...(stretches && { poorProbability: perToken(stretches, offsets) })
  }
}

/** The critic's own stretches may be cut otherwise than our tokens: a token has the highest probability inside it. */
function perToken(
  stretches: readonly (readonly [start: number, end: number, probability: number])[],
  offsets: EvaluationAnswer['offsets']
): number[] {
  return offsets.map(([start, end]) =>
    stretches.reduce((most, [from, to, said]) => (from < end && to > start ? Math.max(most, said) : most), 0)
  )
}

import { readFileSync } from 'node:fs'
import { criticInputLine, critiqueLineOf, type CritiqueLine } from '../../contract/critic-lines'
import type { CriticInput, Critique } from '../../contract/critic'
import type { JobRequest } from '../../contract/job'
import { cached } from '../../critics/cache'
import { CritiqueFile } from '../../critics/critique-file'
import { anchorOf, placesOf } from '../../pipeline/annotate/anchor'
import { Failure } from '../../pipeline/failure'
import { breathe, ProgressMeter, type JobContext } from '../context'
import { openAnyCritic } from './open'
import { writeWhole } from '../../files/atomic-file'
import { Loading } from '../loading'

type ScoreRequest = Extract<JobRequest, { kind: 'score-critic' }>

/** What `critic score` answers, besides the file. */
export interface ScoreResult {
  readonly critic: string
  readonly version: string
  readonly answers: number
  readonly failed: number
  readonly seconds: number
}

/** Answers asked about together: after each group the job hears whether it was told to stop. */
const GROUP = 128

/**
 * Has a critic judge answers: one line out for one line in, in order. A critic that stops early has failed on the rest,
 * and a quote that is not where it should be fails its answer as a whole.
 * @throws Failure cancelled when stopped: nothing is written then
 */
export async function scoreCritic(request: ScoreRequest, host: JobContext): Promise<ScoreResult> {
  const { device, threads, spinning, fallback, allowedHosts } = request
  const stopped = (): Failure => new Failure('cancelled', 'Scoring was stopped; nothing was kept.')
  const context = new Loading(host, stopped)
  const options = { device, threads, spinning, fallback, allowedHosts, between: context.between }
  const opened = await openAnyCritic(request.critic, options)
  context.done()
  const critic =
    request.cacheFile === undefined ? opened : cached(opened, new CritiqueFile(request.cacheFile))
  const lines = readFileSync(request.inFile, 'utf8').split('\n')
  const inputs = lines
    .filter((line) => line !== '')
    .map((line): CriticInput => {
      const { messages, response, tests } = criticInputLine.parse(JSON.parse(line))
      return { prompt: messages, response, tests }
    })
  const cancel = {
    get aborted() {
      return context.takeControl() === 'stop'
    }
  }
  const meter = new ProgressMeter(context, inputs.length, 'answers')
  const started = performance.now()
  const found: CritiqueLine[] = []
  for (let first = 0; first < inputs.length; first += GROUP) {
    await breathe()
    if (cancel.aborted) throw stopped()
    const group = inputs.slice(first, first + GROUP)
    for await (const critique of critic.score(group, cancel)) {
      if (found.length === first + group.length) break
      found.push(placed(critique, inputs[found.length].response))
      meter.tell(found.length)
    }
    while (found.length < first + group.length) found.push(placed(failure('the critic said nothing'), ''))
  }
  writeWhole(request.outFile, found.map((line) => JSON.stringify(line) + '\n').join(''))
  return {
    critic: critic.id,
    version: critic.version,
    answers: found.length,
    failed: found.filter(({ status }) => status === 'failed').length,
    seconds: (performance.now() - started) / 1000
  }
}

const failure = (reason: string): Critique => ({ status: 'failed', code: 'critic-failed', reason })

/** Spans with offsets, quote and occurrence, whichever of them the critic gave. */
function placed(critique: Critique, response: string): CritiqueLine {
  if (critique.status === 'failed') return critiqueLineOf(critique, [])
  if (critique.spans.length === 0 && critique.nothingNotable !== true)
    return critiqueLineOf(failure('the critic marked nothing and did not say that nothing is notable'), [])
  const spans = []
  for (const span of critique.spans) {
    const { start, end } = span
    const range =
      start !== undefined && end !== undefined
        ? { start, end }
        : placesOf(response, span.quote)[(span.occurrence ?? 1) - 1]
    const anchor = range && anchorOf(response, range)
    if (!range || anchor.quote !== span.quote)
      return critiqueLineOf(failure('a quote is not where the critic says'), [])
    spans.push({ ...span, ...range, quote: anchor.quote, occurrence: anchor.occurrence })
  }
  return critiqueLineOf(critique, spans)
}

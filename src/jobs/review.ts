import { existsSync } from 'node:fs'
import type { ReviewAnswer, ReviewPair } from '../contract/ipc'
import type { JobRequest } from '../contract/job'
import {
  frozenAnswer,
  frozenPrompt,
  runFiles,
  type FrozenPrompt,
  type ReviewFile
} from '../contract/run-record'
import { latestCheckpoint } from '../engine/checkpoint/training-checkpoint'
import { createGenerator, type GeneratedSequence } from '../engine/generate/generator'
import type { ParameterSet } from '../engine/graph'
import { createScorer } from '../engine/rl/scorer'
import { Failure } from '../pipeline/failure'
import { uniforms } from '../pipeline/optimise/chance'
import { PaddedBatch } from './batch'
import { breathe, type JobContext } from './context'
import { openRunCritic } from './critic/open'
import { judge, type Judged } from './critic/judge'
import { Loading } from './loading'
import { openPolicy, parametersHash, startOf } from './model/policy'
import { itemsOfStep } from './prompts'
import { writeWhole } from '../files/atomic-file'
import { RunFolder } from './run/folder'

type ReviewRequest = Extract<JobRequest, { kind: 'review' }>

/**
 * The same prompts and the same random numbers before and after the run, side by side. Every answer is judged by the
 * run's critic and scored under both sets of weights, so that a reader sees what became likelier.
 * @throws Failure not-found when the run has nothing trained yet, trainer-busy while a critic with a budget judges for it
 */
export function reviewRun(request: ReviewRequest, host: JobContext): Promise<{ pairs: number }> {
  const open = (): RunFolder => RunFolder.open(request.runDir, request.allowedHosts)
  const work = (folder: RunFolder): Promise<{ pairs: number }> => reviewIn(folder, request, host)
  // A critic's budget is the run's, and two programs would each write down what they alone have spent of it.
  return spends(open()) ? RunFolder.alone(open, work) : work(open())
}

const spends = ({ config }: RunFolder): boolean => config.critic?.startsWith('llm:') ?? false

async function reviewIn(
  folder: RunFolder,
  request: ReviewRequest,
  host: JobContext
): Promise<{ pairs: number }> {
  const stopped = (): Failure => new Failure('cancelled', 'The review was stopped; nothing was kept.')
  const context = new Loading(host, stopped)
  const { config } = folder
  const { temperature } = config.sampling
  context.emit({
    kind: 'progress',
    progress: { done: 0, total: 2, unit: 'sides', note: 'loading the model' }
  })
  const policy = await openPolicy(config.model, { ...config, between: context.between })
  const { model, runtime, tokenizer } = policy
  const found = latestCheckpoint(folder.path(runFiles.checkpoints))
  if (!found)
    throw new Failure('not-found', 'This run has written no checkpoint yet: there is nothing to review.')
  const start = startOf(policy, config, false)

  const prompts = itemsOfStep(readPrompts(folder), request.seed, 1, request.count)
  const promptLength = Math.max(...prompts.map(({ ids }) => ids.length))
  const maxNewTokens = Math.min(config.sampling.maxNewTokens, model.config.contextLength - promptLength)
  const shape = { model, trainable: start.trainable, runtime, batch: prompts.length }
  const generator = await createGenerator({ ...shape, promptLength, maxNewTokens })
  const scorer = await createScorer({ ...shape, length: promptLength + maxNewTokens })
  context.done()
  /** One seed a pair: the answers of a pair are drawn with the same numbers. */
  const seeds = prompts.map((_, index) => request.seed + index)
  const numbers = new Float32Array(prompts.length * maxNewTokens)
  seeds.forEach((seed, row) =>
    numbers.set(uniforms(seed, 'evaluation', 0, 1, maxNewTokens), row * maxNewTokens)
  )

  const stopIfTold = async (): Promise<void> => {
    await breathe()
    if (context.takeControl() === 'stop') throw stopped()
  }
  const side = async (parameters: ParameterSet): Promise<ReviewAnswer[]> => {
    const ids = prompts.map((prompt) => prompt.ids)
    const { sequences } = await generator.generate({
      prompts: ids,
      uniforms: numbers,
      temperature,
      parameters,
      between: stopIfTold
    })
    const answers = sequences.map((sequence, row) => ({
      messages: prompts[row].messages,
      tests: prompts[row].tests,
      ids: sequence.ids,
      ...tokenizer.decodeResponse(sequence.ids)
    }))
    const judged =
      config.critic === null ? null : await judge(await openRunCritic(folder), answers, config.align)
    const batch = new PaddedBatch(
      sequences.map((sequence, row) => ({ promptIds: ids[row], ids: sequence.ids })),
      prompts.length,
      promptLength + maxNewTokens
    )
    const [old, now] = [start.parameters, found.state.parameters].map((weights) =>
      scorer.score({ ids: batch.ids, mask: batch.mask, temperature, parameters: weights })
    )
    const [before, after] = [(await old).logProbs, (await now).logProbs]
    return answers.map(({ text, offsets }, row) => {
      const change = batch.gather(after, row).map((value, token) => value - batch.gather(before, row)[token])
      return reviewAnswer(sequences[row], text, offsets, judged?.[row], change)
    })
  }
  const before = await side(start.parameters)
  await stopIfTold()
  context.emit({ kind: 'progress', progress: { done: 1, total: 2, unit: 'sides', note: 'after' } })
  const after = await side(found.state.parameters)

  const signature = (parameters: ParameterSet) => ({
    model: model.hash,
    adapter: start.trainable.kind === 'lora' ? parametersHash(parameters) : null
  })
  const review: ReviewFile = {
    step: found.counters.step as number,
    before: { model: model.hash, adapter: config.adapter === null ? null : parametersHash(start.parameters) },
    after: signature(found.state.parameters),
    pairs: prompts.map((prompt, row): ReviewPair => ({
      prompt: prompt.messages.at(-1)?.content ?? '',
      seed: seeds[row],
      before: before[row],
      after: after[row]
    }))
  }
  writeWhole(request.outFile, JSON.stringify(review))
  return { pairs: review.pairs.length }
}

/** The run's prompts, or those of its answers: held-out documents if there are any. */
function readPrompts(folder: RunFolder): FrozenPrompt[] {
  if (existsSync(folder.path(runFiles.prompts)))
    return folder.readLines(runFiles.prompts, (line) => frozenPrompt.parse(line))
  const answers = folder.readLines(runFiles.answers, (line) => frozenAnswer.parse(line))
  const heldOut = answers.filter(({ split }) => split === 'held-out')
  const byDocument = new Map<string, FrozenPrompt>()
  for (const { documentId, messages, promptIds } of heldOut.length > 0 ? heldOut : answers)
    byDocument.set(documentId, { id: documentId, messages, ids: promptIds })
  return [...byDocument.values()]
}

function reviewAnswer(
  { ids }: GeneratedSequence,
  text: string,
  offsets: readonly (readonly [number, number])[],
  judged: Judged | undefined,
  change: Float32Array
): ReviewAnswer {
  return {
    text,
    ids,
    offsets,
    rewards: judged ? [...judged.rewards] : ids.map(() => 0),
    critique: judged?.critique ?? '',
    spans: judged?.spans ?? [],
    logProbChange: [...change].map((value) => Number(value.toPrecision(5)))
  }
}

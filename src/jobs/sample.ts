import { readFileSync } from 'node:fs'
import type { JobRequest } from '../contract/job'
import { promptLine, type SampledAnswer } from '../contract/sampled-answer'
import { loadAdapter } from '../engine/checkpoint/peft'
import { createGenerator } from '../engine/generate/generator'
import type { Trainable } from '../engine/models/model'
import { Failure } from '../pipeline/failure'
import { uniforms } from '../pipeline/optimise/chance'
import { breathe, ProgressMeter, type JobContext } from './context'
import { Loading } from './loading'
import { adapterHash, openPolicy } from './model/policy'
import { writeWhole } from '../files/atomic-file'

type SampleRequest = Extract<JobRequest, { kind: 'sample' }>

/** Answers sampled together. What an answer becomes does not depend on it. */
const ROWS = 16

/**
 * The policy's own answers to prompts, one JSON object a line. The n-th answer is a function of the seed and n, so a
 * seed repeats it. @throws Failure cancelled when stopped: nothing is written then
 */
export async function sampleAnswers(
  request: SampleRequest,
  host: JobContext
): Promise<{ responses: number }> {
  const { seed, temperature, maxNewTokens, template } = request
  const stopped = (): Failure => new Failure('cancelled', 'Sampling was stopped; nothing was kept.')
  const context = new Loading(host, stopped)
  const policy = await openPolicy(request.model, { ...request, between: context.between })
  const adapter = request.adapter === null ? null : loadAdapter(request.adapter, policy.model.config)
  const trainable: Trainable = adapter ? { kind: 'lora', lora: adapter.lora } : { kind: 'none' }
  const lines = readFileSync(request.promptsFile, 'utf8').split('\n')
  const prompts = lines.filter((line) => line !== '').map((line) => promptLine.parse(JSON.parse(line)))
  const asked = Array.from({ length: request.samplesPerPrompt }, () => prompts)
    .flat()
    .map(({ id, messages }) => ({ id, ids: policy.tokenizer.prompt(messages, template) }))

  const greedy = temperature === 0
  const generator = await createGenerator({
    model: policy.model,
    trainable,
    runtime: policy.runtime,
    batch: Math.min(ROWS, asked.length),
    promptLength: Math.max(...asked.map(({ ids }) => ids.length)),
    maxNewTokens,
    greedy
  })
  context.done()
  const origin = {
    tokenizerHash: policy.tokenizerHash,
    modelHash: policy.model.hash,
    adapterHash: request.adapter === null ? null : adapterHash(request.adapter),
    template,
    temperature,
    seed
  }
  const answers: SampledAnswer[] = []
  const meter = new ProgressMeter(context, asked.length, 'answers')
  const stopIfTold = async (): Promise<void> => {
    await breathe()
    if (context.takeControl() === 'stop') throw stopped()
  }
  for (let first = 0; first < asked.length; first += ROWS) {
    await stopIfTold()
    const group = asked.slice(first, first + ROWS)
    const { sequences } = await generator.generate({
      prompts: group.map(({ ids }) => ids),
      uniforms: greedy ? undefined : uniforms(seed, 'collect', 0, group.length, maxNewTokens, first),
      temperature: greedy ? undefined : temperature,
      parameters: adapter?.parameters,
      between: ({ made, of }) => {
        const note = `${made} of ${of} tokens`
        const progress = { done: answers.length, total: asked.length, unit: 'answers', note }
        context.emit({ kind: 'progress', progress })
        return stopIfTold()
      }
    })
    sequences.forEach(({ ids, finish }, index) => {
      const { text } = policy.tokenizer.decodeResponse(ids)
      answers.push({ promptId: group[index].id, text, ids, finish, ...origin })
    })
    meter.tell(answers.length)
  }
  writeWhole(request.outFile, answers.map((answer) => JSON.stringify(answer) + '\n').join(''))
  return { responses: answers.length }
}

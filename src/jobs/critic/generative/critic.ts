import { createHash } from 'node:crypto'
import type { CancelSignal, CriticInput, Critique } from '../../../contract/critic'
import type { CriticExample, CriticTraining } from '../../../contract/critic-record'
import { toFailure } from '../../../contract/errors'
import { replyVocabulary, type ReplyVocabulary } from '../../../critics/reply/choices'
import { replyConfidence } from '../../../critics/reply/confidence'
import { replyConstraint } from '../../../critics/reply/constraint'
import { replySchema } from '../../../critics/reply/format'
import { parseReply } from '../../../critics/reply/parse'
import { replyPrompt } from '../../../critics/reply/prompt'
import { withoutSpace } from '../../../critics/reply/space-before'
import { createGenerator, type ConstrainedSequence, type Generator } from '../../../engine/generate/generator'
import type { ParameterSet } from '../../../engine/graph'
import type { Trainable } from '../../../engine/models/model'
import { Failure } from '../../../pipeline/failure'
import { uniforms } from '../../../pipeline/optimise/chance'
import type { Policy } from '../../model/policy'

/** What a critic reads before it writes: no instructions, because it is trained on the task. */
export function promptOf(
  { messages, response }: Pick<CriticExample, 'messages' | 'response'>,
  { tokenizer, model }: Pick<Policy, 'tokenizer' | 'model'>,
  { template, reply }: Pick<CriticTraining, 'template' | 'reply'>
): number[] {
  if (reply.question !== 'verbatim')
    return tokenizer.prompt(replyPrompt({ prompt: messages, response }, 'bare'), template)
  const end = model.config.endTokens.slice(0, 1)
  return [...tokenizer.prompt(messages, template), ...tokenizer.encode(response), ...end]
}

/** Answers judged together, and how many are sorted by length before they are put together. */
const ROWS = 16
const WINDOW = 8 * ROWS
/** Prompt lengths are rounded up to a multiple of this, so that few sessions serve all answers. */
const GRAIN = 32
/** A reply has at least this much room, or the answer is too long for the critic. */
const SHORTEST_REPLY = 48

interface Asked {
  readonly index: number
  readonly input: Pick<CriticInput, 'prompt' | 'response'>
  readonly ids: readonly number[]
}

/**
 * A trained model that writes replies, kept to the format token by token: greedy or drawn, in batches, every answer for
 * itself.
 */
export class GenerativeScorer {
  private readonly generators = new Map<string, Promise<Generator>>()
  private readonly temperature: number
  private readonly vocabulary: ReplyVocabulary
  private parameters: ParameterSet = new Map()

  constructor(
    private readonly options: {
      readonly policy: Policy
      readonly trainable: Trainable
      readonly config: Pick<CriticTraining, 'template' | 'reply'>
    }
  ) {
    this.temperature = options.config.reply.temperature ?? 0
    const { tokenizer, model } = options.policy
    const { vocabularySize, endTokens } = model.config
    this.vocabulary = replyVocabulary({ tokenizer, size: vocabularySize, endTokens })
  }

  /** From now on these are the trained weights. */
  use(parameters: ParameterSet): void {
    this.parameters = parameters
  }

  /** One critique per answer, in order. What cannot be judged is a failure and not an error. */
  async *score(
    inputs: readonly Pick<CriticInput, 'prompt' | 'response'>[],
    signal: CancelSignal
  ): AsyncGenerator<Critique> {
    for (let first = 0; first < inputs.length; first += WINDOW) {
      const critiques = await this.window(inputs.slice(first, first + WINDOW), signal)
      yield* critiques
    }
  }

  async all(examples: readonly Pick<CriticExample, 'messages' | 'response'>[]): Promise<Critique[]> {
    const inputs = examples.map(({ messages, response }) => ({ prompt: messages, response }))
    const critiques: Critique[] = []
    for await (const critique of this.score(inputs, { aborted: false })) critiques.push(critique)
    return critiques
  }

  async release(): Promise<void> {
    for (const generator of this.generators.values()) await (await generator).release()
    this.generators.clear()
  }

  private async window(
    inputs: readonly Pick<CriticInput, 'prompt' | 'response'>[],
    signal: CancelSignal
  ): Promise<Critique[]> {
    const critiques = new Array<Critique>(inputs.length)
    const asked: Asked[] = []
    inputs.forEach((input, index) => {
      const ids = this.promptIds(input)
      if (typeof ids === 'string') critiques[index] = failed(ids)
      else asked.push({ index, input, ids })
    })
    asked.sort((a, b) => a.ids.length - b.ids.length || a.index - b.index)
    for (let first = 0; first < asked.length; first += ROWS) {
      if (signal.aborted) throw new Failure('cancelled', 'The critic was cancelled.')
      const group = asked.slice(first, first + ROWS)
      const written = await this.write(group, signal)
      group.forEach(({ index }, row) => (critiques[index] = written[row]))
    }
    return critiques
  }

  /** The prompt in tokens, or why the answer cannot be judged. */
  private promptIds({
    prompt,
    response
  }: Pick<CriticInput, 'prompt' | 'response'>): readonly number[] | string {
    const { policy, config } = this.options
    const { contextLength } = policy.model.config
    try {
      const ids = promptOf({ messages: [...prompt], response }, policy, config)
      if (ids.length + SHORTEST_REPLY <= contextLength) return ids
      return `Prompt and response take ${ids.length} tokens, and the critic reads ${contextLength} with ${SHORTEST_REPLY} for its reply.`
    } catch (error) {
      return toFailure(error).message
    }
  }

  private async write(group: readonly Asked[], signal: CancelSignal): Promise<Critique[]> {
    const started = performance.now()
    const { promptLength, maxNewTokens } = this.room(group[group.length - 1].ids.length)
    const generator = await this.generatorFor(promptLength, maxNewTokens)
    const between = (): void => {
      if (signal.aborted) throw new Failure('cancelled', 'The critic was cancelled.')
    }
    const constraints = group.map(({ input }) => replyConstraint(this.vocabulary, input.response))
    const { sequences } = await generator.constrain({
      prompts: group.map(({ ids }) => ids),
      ...(this.temperature > 0 && this.chanceOf(group, maxNewTokens)),
      parameters: this.parameters,
      mask: (row, ids, left) => constraints[row].mask(ids, left),
      between
    })
    const seconds = (performance.now() - started) / 1000 / group.length
    return sequences.map((sequence, row) => ({
      ...this.critiqueOf(sequence, group[row].input.response),
      cost: { promptTokens: group[row].ids.length, newTokens: sequence.ids.length, seconds }
    }))
  }

  /** What was written, with the model's own probability of each span; the end token is no part of it. */
  private critiqueOf(sequence: ConstrainedSequence, response: string): Critique {
    const { policy, config } = this.options
    const verbatim = config.reply.question === 'verbatim'
    const ended = policy.model.config.endTokens.includes(sequence.ids[sequence.ids.length - 1])
    const count = sequence.ids.length - Number(ended)
    const written = {
      ids: sequence.ids.slice(0, count),
      logProbs: sequence.logProbs.slice(0, count),
      policyLogProbs: sequence.policyLogProbs.slice(0, count)
    }
    const text = policy.tokenizer.decode(written.ids)
    const parsed = parseReply(text, response)
    if (parsed.status === 'failed') return parsed
    const spans = verbatim ? parsed.spans.map((span) => withoutSpace(span, response)) : parsed.spans
    const critique = { ...parsed, spans }
    const reply = replySchema.parse(JSON.parse(text))
    const known = replyConfidence(written, reply, (id) => this.vocabulary.bytes(id))
    if (known === null) return critique
    return {
      ...critique,
      spans: spans.map((span, index) => ({ ...span, confidence: known.spans[index].confidence })),
      confidence: known.confidence,
      allowedMass: known.allowedMass.mean
    }
  }

  /**
   * One number a token, by what the critic reads: neither an answer's neighbours nor its place change its reply, and a
   * reply that is kept by the hash of its answer is the one that would be written again.
   */
  private chanceOf(
    group: readonly Asked[],
    maxNewTokens: number
  ): { readonly uniforms: Float32Array; readonly temperature: number } {
    const { seed = 1 } = this.options.config.reply
    const numbers = new Float32Array(group.length * maxNewTokens)
    group.forEach(({ ids }, row) => {
      const hash = createHash('sha256').update(Uint32Array.from(ids)).digest()
      const [step, sample] = [hash.readUInt32LE(0), hash.readUInt32LE(4)]
      numbers.set(uniforms(seed, 'replies', step, 1, maxNewTokens, sample), row * maxNewTokens)
    })
    return { uniforms: numbers, temperature: this.temperature }
  }

  /** Tokens of the session that serves a prompt: its length is rounded up. */
  private room(longest: number): { readonly promptLength: number; readonly maxNewTokens: number } {
    const { policy, config } = this.options
    const { contextLength } = policy.model.config
    const promptLength = Math.min(Math.ceil(longest / GRAIN) * GRAIN, contextLength - SHORTEST_REPLY)
    return { promptLength, maxNewTokens: Math.min(config.reply.maxNewTokens, contextLength - promptLength) }
  }

  /** One generator a rounded length of the prompt. */
  private generatorFor(promptLength: number, maxNewTokens: number): Promise<Generator> {
    const key = `${promptLength} ${maxNewTokens}`
    const known = this.generators.get(key)
    if (known) return known
    const { policy, trainable } = this.options
    const { model, runtime } = policy
    const shape = { model, trainable, runtime, batch: ROWS, promptLength, maxNewTokens }
    const opened = createGenerator({ ...shape, greedy: this.temperature === 0, masked: true })
    this.generators.set(key, opened)
    return opened
  }
}

const failed = (reason: string): Critique => ({ status: 'failed', code: 'critic-failed', reason })

import { createGenerator } from '../../engine/generate/generator'
import { uniforms } from '../../pipeline/optimise/chance'
import type { PromptTemplate } from '../../tokens/prompt'
import { openModelTokenizer, openTokenizerIfThere } from './tokenizer'
import { checkSequence, openModel, type ModelChoice } from './open'

export interface GenerateRequest extends ModelChoice {
  /** Token ids, or a text, which needs the model's tokenizer. */
  readonly prompt: readonly number[] | string
  /** How a text becomes a prompt; left out, the chat template if the model has one, else `none`. */
  readonly template?: PromptTemplate
  readonly maxNewTokens: number
  readonly greedy?: boolean
  /** 0 is greedy. */
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly repetitionPenalty?: number
  /** How many samples. */
  readonly count?: number
  readonly seed?: number
}

export interface GenerateResult {
  readonly sequences: {
    /** New tokens only, with the end token if there was one. */
    ids: number[]
    /** null if the model folder has no tokenizer. */
    text: string | null
    finish: 'eos' | 'length'
  }[]
  /** New tokens a second of generation, opening not counted. */
  readonly tokensPerSecond: number
}

/** Samples made at once. */
const largestBatch = 32

/**
 * Samples of a model. Sample n of a seed is the same whatever `count` is: its numbers are those of
 * (seed, sampling, step 0, sample n, token). Throws what the model, adapter, tokenizer and device may.
 */
export async function generateSamples(request: GenerateRequest): Promise<GenerateResult> {
  const { maxNewTokens, temperature = 1, topK, topP, repetitionPenalty, count = 1, seed = 1 } = request
  const { model, trainable, parameters, runtime } = await openModel(request)
  const { config } = model
  const prompt = promptIds()
  checkSequence(model, prompt)
  const tokenizer = openTokenizerIfThere(request.model, config)?.tokenizer ?? null
  const greedy = request.greedy === true || temperature === 0
  const batch = Math.min(count, largestBatch)
  const generator = await createGenerator({
    ...{ model, trainable, batch, promptLength: prompt.length, maxNewTokens, runtime },
    ...{ greedy, topK, topP, repetitionPenalty }
  })
  const sequences: GenerateResult['sequences'] = []
  const started = performance.now()
  for (let first = 0; first < count; first += batch) {
    const rows = Math.min(batch, count - first)
    const made = await generator.generate({
      prompts: Array.from({ length: rows }, () => prompt),
      uniforms: greedy ? undefined : uniforms(seed, 'sampling', 0, rows, maxNewTokens, first),
      temperature: greedy ? undefined : temperature,
      parameters
    })
    for (const { ids, finish } of made.sequences)
      sequences.push({ ids, text: tokenizer ? tokenizer.decode(ids) : null, finish })
  }
  const seconds = (performance.now() - started) / 1000
  await generator.release()
  const tokens = sequences.reduce((sum, { ids }) => sum + ids.length, 0)
  return { sequences, tokensPerSecond: Math.round(tokens / seconds) }

  function promptIds(): readonly number[] {
    if (typeof request.prompt !== 'string') return request.prompt
    const { tokenizer } = openModelTokenizer(request.model, config)
    const template = request.template ?? (tokenizer.hasChatTemplate ? 'tokenizer' : 'none')
    return tokenizer.prompt([{ role: 'user', content: request.prompt }], template)
  }
}

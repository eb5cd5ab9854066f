import { EngineFailure } from '../failure'
import { float32, scalar, type HostTensor, type ParameterSet } from '../graph'
import { checkpointShapes } from '../models/names'
import type { Runtime, Tensors } from '../session'
import { checkAllowed, maskOf, type AllowedTokens, type TokenMask } from './allowed-tokens'
import { Pace, promptColumns } from './pace'
import { Rollout, type Row } from './rollout'
import { rolloutGraph, type RolloutOptions } from './rollout-graph'
import { rolloutRuns } from './rollout-runs'

export interface GeneratorOptions extends RolloutOptions {
  readonly runtime: Runtime
  /** Columns of the prompts a run; left out, about a second's worth of them. */
  readonly columnsAtOnce?: number
  /** How long a run, which cannot be stopped, should take; left out, 400. What is made does not depend on it. */
  readonly runMilliseconds?: number
}

export interface GenerateInput {
  /** One to `batch` prompts of 1 to `promptLength` token ids each. */
  readonly prompts: readonly (readonly number[])[]
  /** [prompts, maxNewTokens], row-major, each in [0, 1): the only source of chance. Not read when greedy. */
  readonly uniforms?: Float32Array
  /** Above 0; left out, 1. Not read when greedy. */
  readonly temperature?: number
  /** What is trained, by name; other names are ignored, so that a whole training state may be given. */
  readonly parameters?: ParameterSet
  /** With `masked`: the tokens that may be made, the same for every place; left out, all. */
  readonly allowed?: AllowedTokens
  /** Called and waited for between runs, less than a second apart on a machine that fits the model; what it throws ends the rollout. */
  readonly between?: (progress: GenerateProgress) => void | Promise<void>
}

export interface GenerateProgress {
  /** New tokens a sequence, of those that go on. */
  readonly made: number
  /** The most there will be. */
  readonly of: number
}

export interface ConstrainInput extends Omit<GenerateInput, 'allowed'> {
  readonly mask: TokenMask
}

export interface GeneratedSequence {
  /** New tokens only; the end token is the last of them if `finish` is `eos`. */
  readonly ids: number[]
  /** Log-probability in nats of each, in the distribution it was drawn from: after penalty, mask, temperature, filters. */
  readonly logProbs: number[]
  /** The same in the model's own distribution: temperature 1, nothing left out. */
  readonly policyLogProbs: number[]
  readonly finish: 'eos' | 'length'
}

/** `blocked`: the mask allowed nothing at the next place, so the sequence was left as it was. */
export type ConstrainedSequence = Omit<GeneratedSequence, 'finish'> & {
  readonly finish: 'eos' | 'length' | 'blocked'
}

export interface Generator {
  /** Whole rollouts, many turns a run. */
  generate(input: GenerateInput): Promise<{ sequences: GeneratedSequence[] }>
  /** One token a run, because each mask depends on the tokens before it. Needs `masked`. */
  constrain(input: ConstrainInput): Promise<{ sequences: ConstrainedSequence[] }>
  release(): Promise<void>
}

/**
 * Opens a session that makes rollouts. It serves every step of a training run: what is trained is fed each time.
 * A sequence depends on its own prompt and numbers only, not on what else is in the batch or on how fast the machine is.
 * Throws EngineFailure `bad-input` if the tokens asked for do not fit the model's context.
 */
export async function createGenerator({
  runtime,
  columnsAtOnce: chosenColumns,
  runMilliseconds = 400,
  ...options
}: GeneratorOptions): Promise<Generator> {
  const { model, batch, promptLength, maxNewTokens, greedy = false, repetitionPenalty = 1 } = options
  const { masked = false } = options
  const { config } = model
  const { vocabularySize } = config
  if (promptLength + maxNewTokens > config.contextLength)
    throw new EngineFailure(
      'bad-input',
      `A prompt of ${promptLength} and ${maxNewTokens} new tokens do not fit the model's context of ` +
        `${config.contextLength}; lower the number of new tokens or shorten the prompt.`
    )
  const { graph, feed, ...shape } = rolloutGraph(options)
  const weights = [...checkpointShapes(config).values()]
    .map((dimensions) => dimensions.reduce((product, size) => product * size, 1))
    .reduce((sum, count) => sum + count, 0)
  const columnsAtOnce = chosenColumns ?? promptColumns(weights, batch)
  const columns = Math.min(columnsAtOnce, promptLength)
  const session = await runtime.open(graph, { runs: rolloutRuns(graph, options, columns) })
  const pace = new Pace(runMilliseconds)

  async function run(
    input: GenerateInput,
    turnsOf: (most: number) => number,
    allowedNow: (rows: readonly Row[]) => Uint8Array
  ): Promise<readonly Row[]> {
    const { prompts, uniforms, temperature = 1, parameters = new Map(), between } = input
    checkPrompts(prompts)
    if (!greedy && !(temperature > 0))
      throw new EngineFailure('bad-input', 'The temperature has to be above 0.')
    if (!greedy && uniforms?.length !== prompts.length * maxNewTokens)
      throw new RangeError(
        `${uniforms?.length ?? 0} uniform numbers for ${prompts.length} × ${maxNewTokens} tokens.`
      )
    const trained = feed(parameters)
    const rollout = new Rollout(options, shape, prompts)
    for (;;) {
      const columns = Math.min(rollout.waiting, columnsAtOnce)
      const prompted = columns === rollout.waiting
      const allowed = prompted ? allowedNow(rollout.rows) : everything
      if (rollout.finished) break // a mask may have blocked what was left
      const turns = turnsOf(rollout.turnsAfter(columns))
      const inputs: Tensors = { ...trained, ...rollout.inputs(columns, turns) }
      if (masked) inputs.allowed = { dtype: 'bool', shape: [batch, vocabularySize], data: allowed }
      if (repetitionPenalty !== 1) inputs.held = rollout.held()
      if (!greedy) {
        inputs.uniforms = packUniforms(uniforms as Float32Array, prompts.length, rollout.made, turns)
        inputs.inverse_temperature = scalar(1 / temperature)
      }
      const started = performance.now()
      const results = await session.run(inputs)
      if (columns === 1) pace.learn(results.tokens.shape[0], performance.now() - started)
      rollout.take(columns, results)
      if (rollout.finished) break
      await between?.({ made: rollout.made, of: maxNewTokens })
    }
    return rollout.rows
  }

  const everything = new Uint8Array(masked ? batch * vocabularySize : 0).fill(1)

  return {
    async generate(input) {
      const { allowed } = input
      if (allowed && !masked) throw new Error('A mask was given to a generator that was opened without.')
      const still = allowed ? checkAllowed(allowed, input.prompts.length, batch, vocabularySize) : everything
      const rows = await run(
        input,
        (most) => pace.turns(most),
        () => still
      )
      return { sequences: rows.map(finishedRow) }
    },

    async constrain(input) {
      if (!masked) throw new Error('A mask was given to a generator that was opened without.')
      const blocked = new Set<Row>()
      const rows = await run(
        input,
        () => 1,
        (live) => maskOf(input.mask, live, { vocabularySize, batch, maxNewTokens }, (row) => blocked.add(row))
      )
      return {
        sequences: rows.map((row) => ({
          ...finishedRow(row),
          ...(blocked.has(row) ? { finish: 'blocked' as const } : {})
        }))
      }
    },
    release: () => session.release()
  }

  function finishedRow({ ids, logProbs, policyLogProbs }: Row): GeneratedSequence {
    const ended = config.endTokens.includes(ids[ids.length - 1])
    return { ids, logProbs, policyLogProbs, finish: ended ? 'eos' : 'length' }
  }

  function checkPrompts(prompts: readonly (readonly number[])[]): void {
    if (prompts.length < 1 || prompts.length > batch)
      throw new RangeError(`${prompts.length} prompts for a batch of ${batch}.`)
    for (const prompt of prompts) {
      if (prompt.length < 1) throw new EngineFailure('bad-input', 'A prompt has no token; give at least one.')
      if (prompt.length > promptLength)
        throw new RangeError(`A prompt of ${prompt.length} tokens where at most ${promptLength} fit.`)
      const outside = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize)
      if (outside !== undefined)
        throw new EngineFailure(
          'bad-input',
          `Token ${outside} is not in the model's vocabulary of ${vocabularySize}.`
        )
    }
  }

  /** Turns `first` to `first` + `turns` of [rows, N] -> [turns, B]: each turn reads one row of it. */
  function packUniforms(uniforms: Float32Array, rows: number, first: number, turns: number): HostTensor {
    const packed = new Float32Array(turns * batch)
    for (let row = 0; row < rows; row++)
      for (let turn = 0; turn < turns; turn++)
        packed[turn * batch + row] = uniforms[row * maxNewTokens + first + turn]
    return float32([turns, batch], packed)
  }
}

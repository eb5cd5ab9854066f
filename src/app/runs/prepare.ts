import { existsSync, readFileSync } from 'node:fs'
import { llmSettingsFile } from '../../contract/critic-specification'
import type { RunPlan } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { runFiles, type FrozenAnswer, type FrozenPrompt } from '../../contract/run-record'
import { parseLlmSettings } from '../../critics/llm/settings'
import type { ModelSize, RunLengths } from '../../jobs/sessions/memory'
import { alignSpans } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'
import { freezeAnswers, freezePrompts, Tally, type PromptToFreeze, type StoredAnswer } from './data'
import { openRunModel, templateFor, type RunModel } from './model'
import { readPromptsFile } from './prompts'

/** Where a run's data comes from: the open project, or nothing but a file of prompts. */
export interface RunSource {
  answers(): Iterable<StoredAnswer>
  /** `train`, `dev`, `test` or `all`. */
  prompts(split: string): Iterable<PromptToFreeze>
}

/** What would train; memory takes a moment to work out and is added when somebody asks. */
export type DataPlan = Omit<RunPlan, 'memory'>

/** Everything of a run but its rows and its folder. */
export interface PreparedRun {
  readonly config: RunConfig
  readonly plan: DataPlan
  /** What its memory depends on. */
  readonly model: ModelSize
  readonly lengths: RunLengths
  /** The annotations that it will learn from. */
  readonly annotationIds: readonly string[]
  /** Files that the run keeps of its critic, by name. */
  readonly critic: Readonly<Record<string, string>>
}

/** What becomes of a run's data while it is frozen. */
export interface Freezing {
  /** Takes a line of `data/`, in order. */
  readonly keep?: (row: FrozenAnswer | FrozenPrompt) => void
  /** Called after every stored answer or prompt, kept or not; what it throws ends the work. */
  readonly between?: () => void
}

/**
 * Freezes what a run needs: answers with their tokens and spans, or prompts, and the critic's rules.
 * @throws Failure nothing-to-train, bad-configuration, and what reading the model or a file may throw
 */
export function prepareRun(
  asked: RunConfig,
  source: RunSource | null,
  { keep, between }: Freezing = {}
): PreparedRun {
  const model = openRunModel(asked.model)
  const config = { ...asked, template: templateFor(model.tokenizer, asked.template) }
  const rules = { ...model, template: config.template }
  const critic = frozenCritic(config.critic)
  const dropped = new Tally()
  const sums = new PlanSums(config)

  if (config.source === 'annotated') {
    if (source === null) throw new Failure('bad-configuration', 'A run on annotated answers needs a project.')
    const lengths: number[] = []
    const annotationIds: string[] = []
    for (const { answer, frozen } of freezeAnswers(each(source.answers(), between), rules, dropped)) {
      lengths.push(frozen.promptIds.length + frozen.ids.length)
      if (frozen.split === 'train') sums.add(frozen)
      if (frozen.split === 'train' && config.critic === null) annotationIds.push(...answer.annotationIds)
      keep?.(frozen)
    }
    const { answers: training } = sums
    if (training === 0)
      throw new Failure('nothing-to-train', `No answer is left to train on${inWords(dropped.list())}.`)
    requireContext(model, lengths, 0)
    return {
      config,
      plan: {
        config,
        ...sums.plan(),
        heldOut: lengths.length - training,
        prompts: 0,
        dropped: dropped.list()
      },
      model: model.size,
      lengths: { source: 'annotated', answers: lengths, training },
      annotationIds,
      critic
    }
  }

  const { prompts: from } = config
  if (from === undefined) throw new Failure('bad-configuration', 'rollouts need prompts')
  if (typeof from !== 'string' && source === null)
    throw new Failure('bad-configuration', 'prompts of a project need a project.')
  const prompts =
    typeof from === 'string' ? readPromptsFile(from) : (source?.prompts(splitName(from.project)) ?? [])
  const lengths: number[] = []
  const { maxNewTokens } = config.sampling
  for (const frozen of freezePrompts(each(prompts, between), rules, maxNewTokens, dropped)) {
    lengths.push(frozen.ids.length)
    keep?.(frozen)
  }
  if (lengths.length === 0)
    throw new Failure('nothing-to-train', `No prompt is left${inWords(dropped.list())}.`)
  requireContext(model, lengths, maxNewTokens)
  return {
    config,
    plan: { config, ...sums.plan(), heldOut: 0, prompts: lengths.length, dropped: dropped.list() },
    model: model.size,
    lengths: { source: 'rollouts', prompts: lengths },
    annotationIds: [],
    critic
  }
}

function* each<T>(items: Iterable<T>, between: (() => void) | undefined): Generator<T> {
  for (const item of items) {
    yield item
    between?.()
  }
}

function splitName(name: string): string {
  const split = /^split:(train|dev|test|all)$/.exec(name)?.[1]
  if (split) return split
  throw new Failure(
    'bad-configuration',
    `prompts.project is "${name}": it must be split:train, dev, test or all.`
  )
}

/** What the run keeps of its critic, by name: rules as they are, and the settings of a model on a server. */
function frozenCritic(critic: string | null): Record<string, string> {
  if (critic === null) return {}
  const settings = llmSettingsFile(critic)
  if (settings !== null) {
    const text = readCriticFile(settings)
    parseLlmSettings(text, settings)
    return { [runFiles.llmSettings]: text }
  }
  if (critic.startsWith('rules:')) return { [runFiles.rules]: readCriticFile(critic.slice('rules:'.length)) }
  if (critic === 'tests' || critic.startsWith('llm:') || critic.startsWith('trained:')) return {}
  throw new Failure('bad-configuration', `The critic "${critic}" is of a kind that this version cannot run.`)
}

function readCriticFile(file: string): string {
  if (!existsSync(file)) throw new Failure('not-found', `There is no critic's file at ${file}.`)
  return readFileSync(file, 'utf8')
}

const inWords = (dropped: RunPlan['dropped']): string =>
  dropped.length === 0
    ? ''
    : `: ${dropped.map(({ reason, count }) => `${count} dropped (${reason})`).join(', ')}`

/** @throws Failure bad-configuration where the model reads less than the longest prompt and `more` tokens */
function requireContext({ context }: RunModel, lengths: readonly number[], more: number): void {
  const length = lengths.reduce((most, one) => Math.max(most, one), 0) + more
  if (length > context)
    throw new Failure(
      'bad-configuration',
      `Prompt and answer take up to ${length} tokens and the model reads ${context}: lower sampling.maxNewTokens.`
    )
}

/** What the answers that train amount to, one added after the other. */
class PlanSums {
  answers = 0
  private tokens = 0
  private tokensRewarded = 0
  private unaligned = 0
  private readonly spans = { good: 0, poor: 0, neutral: 0 }

  constructor(private readonly config: RunConfig) {}

  add({ text, offsets, spans, ids }: FrozenAnswer): void {
    this.answers++
    this.tokens += ids.length
    for (const { polarity } of spans) this.spans[polarity]++
    const aligned = alignSpans({ text, offsets, spans, rules: this.config.align })
    this.tokensRewarded += aligned.rewards.filter((reward) => reward !== 0).length
    this.unaligned += aligned.spans.filter(({ tokens }) => tokens.length === 0).length
  }

  plan(): Pick<DataPlan, 'answers' | 'tokens' | 'tokensRewarded' | 'unaligned' | 'spans'> {
    const { answers, tokens, tokensRewarded, unaligned, spans } = this
    return { answers, tokens, tokensRewarded, unaligned, spans }
  }
}

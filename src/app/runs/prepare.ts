import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { CriticGate } from '../../contract/critic-gate'
import { llmSettingsFile } from '../../contract/critic-specification'
import type { RunPlan } from '../../contract/ipc'
import type { RunConfig } from '../../contract/run-config'
import { runFiles, serialiseRunRecord, type FrozenAnswer, type FrozenPrompt } from '../../contract/run-record'
import { parseLlmSettings } from '../../critics/llm/settings'
import type { ModelSize, RunLengths } from '../../jobs/sessions/memory'
import { alignSpans } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'
import { commitOfCheckout } from '../commit'
import { freezeAnswers, freezePrompts, type PromptToFreeze, type StoredAnswer } from './data'
import { openRunModel, templateFor } from './model'
import { readPromptsFile } from './prompts'
import { writeNewFolder } from '../new-folder'
import { sha256 } from '../sha256'
import { version } from '../version'

/** Where a run's data comes from: the open project, or nothing but a file of prompts. */
export interface RunSource {
  answers(): readonly StoredAnswer[]
  /** `train`, `dev`, `test` or `all`. */
  prompts(split: string): readonly PromptToFreeze[]
}

/** What would train; memory takes a moment to work out and is added when somebody asks. */
export type DataPlan = Omit<RunPlan, 'memory'>

/** Everything of a run but its folder. */
export interface PreparedRun {
  readonly config: RunConfig
  readonly plan: DataPlan
  /** What its memory depends on. */
  readonly model: ModelSize
  readonly lengths: RunLengths
  /** The annotations that it will learn from. */
  readonly annotationIds: readonly string[]
  /** What the gate said of its critic. */
  readonly criticGate?: CriticGate | null
  /** Files of the run folder, by name. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * Freezes what a run needs: answers with their tokens and spans, or prompts, and the critic's rules.
 * @throws Failure nothing-to-train, bad-configuration, and what reading the model or a file may throw
 */
export function prepareRun(asked: RunConfig, source: RunSource | null): PreparedRun {
  const model = openRunModel(asked.model)
  const config = { ...asked, template: templateFor(model.tokenizer, asked.template) }
  const rules = { ...model, template: config.template }
  const critic = frozenCritic(config.critic)

  if (config.source === 'annotated') {
    if (source === null) throw new Failure('bad-configuration', 'A run on annotated answers needs a project.')
    const answers = source.answers()
    const { frozen, dropped } = freezeAnswers(answers, rules)
    const training = frozen.filter(({ split }) => split === 'train')
    if (training.length === 0)
      throw new Failure('nothing-to-train', `No answer is left to train on${inWords(dropped)}.`)
    const lengths = frozen.map(({ promptIds, ids }) => promptIds.length + ids.length)
    return {
      config,
      plan: planOf(
        config,
        model,
        dropped,
        training,
        frozen.length - training.length,
        0,
        Math.max(...lengths)
      ),
      model: model.size,
      lengths: { source: 'annotated', answers: lengths, training: training.length },
      annotationIds: config.critic === null ? annotationsBehind(answers, training) : [],
      files: { [runFiles.answers]: jsonLines(frozen), ...critic }
    }
  }

  const { prompts: from } = config
  if (from === undefined) throw new Failure('bad-configuration', 'rollouts need prompts')
  if (typeof from !== 'string' && source === null)
    throw new Failure('bad-configuration', 'prompts of a project need a project.')
  const prompts =
    typeof from === 'string' ? readPromptsFile(from) : (source?.prompts(splitName(from.project)) ?? [])
  const { frozen, dropped } = freezePrompts(prompts, rules, config.sampling.maxNewTokens)
  if (frozen.length === 0) throw new Failure('nothing-to-train', `No prompt is left${inWords(dropped)}.`)
  const lengths = frozen.map(({ ids }) => ids.length)
  const length = Math.max(...lengths) + config.sampling.maxNewTokens
  return {
    config,
    plan: planOf(config, model, dropped, [], 0, frozen.length, length),
    model: model.size,
    lengths: { source: 'rollouts', prompts: lengths },
    annotationIds: [],
    files: { [runFiles.prompts]: jsonLines(frozen), ...critic }
  }
}

function annotationsBehind(answers: readonly StoredAnswer[], training: readonly FrozenAnswer[]): string[] {
  const ids = new Set(training.map(({ id }) => id))
  return answers
    .filter(({ responseId }) => ids.has(responseId))
    .flatMap(({ annotationIds }) => [...annotationIds])
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

const jsonLines = (rows: readonly (FrozenAnswer | FrozenPrompt)[]): string =>
  rows.map((row) => JSON.stringify(row) + '\n').join('')

const inWords = (dropped: RunPlan['dropped']): string =>
  dropped.length === 0
    ? ''
    : `: ${dropped.map(({ reason, count }) => `${count} dropped (${reason})`).join(', ')}`

function planOf(
  config: RunConfig,
  model: ReturnType<typeof openRunModel>,
  dropped: RunPlan['dropped'],
  training: readonly FrozenAnswer[],
  heldOut: number,
  prompts: number,
  length: number
): DataPlan {
  if (length > model.context)
    throw new Failure(
      'bad-configuration',
      `Prompt and answer take up to ${length} tokens and the model reads ${model.context}: lower sampling.maxNewTokens.`
    )
  const spans = { good: 0, poor: 0, neutral: 0 }
  let tokensRewarded = 0
  let unaligned = 0
  for (const answer of training) {
    for (const { polarity } of answer.spans) spans[polarity]++
    const aligned = alignSpans({
      text: answer.text,
      offsets: answer.offsets,
      spans: answer.spans,
      rules: config.align
    })
    tokensRewarded += aligned.rewards.filter((reward) => reward !== 0).length
    unaligned += aligned.spans.filter(({ tokens }) => tokens.length === 0).length
  }
  return {
    config,
    answers: training.length,
    heldOut,
    prompts,
    spans,
    tokensRewarded,
    tokens: training.reduce((sum, { ids }) => sum + ids.length, 0),
    dropped,
    unaligned
  }
}

/**
 * Writes the folder of a prepared run: `run.json` last, and under its own name only when it is whole.
 * @throws Failure bad-input when the folder is already used
 */
export function writeRunFolder(prepared: PreparedRun, dir: string, name = basename(resolve(dir))): string {
  const hashes = Object.fromEntries(
    Object.entries(prepared.files).map(([file, text]) => [hashNames[file] ?? file, sha256(text)])
  )
  const resolved = {
    id: randomUUID(),
    name,
    createdAt: new Date().toISOString(),
    hashes: { config: sha256(JSON.stringify(prepared.config)), ...hashes },
    versions: { text2grad: version, node: process.versions.node },
    commit: commitOfCheckout(),
    dropped: [...prepared.plan.dropped],
    ...(prepared.criticGate && { criticGate: prepared.criticGate })
  }
  const record = serialiseRunRecord({ config: prepared.config, resolved })
  return writeNewFolder(dir, { ...prepared.files, [runFiles.record]: record }, 'a run needs a new folder')
}

const hashNames: Readonly<Record<string, string>> = {
  [runFiles.answers]: 'data',
  [runFiles.prompts]: 'data',
  [runFiles.rules]: 'critic',
  [runFiles.llmSettings]: 'critic settings'
}

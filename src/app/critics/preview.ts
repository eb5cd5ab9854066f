import type { CriticInput } from '../../contract/critic'
import type { CriticPreview } from '../../contract/critic-preview'
import type { RunConfig } from '../../contract/run-config'
import { isAllowed, placeOf } from '../../critics/llm/host'
import { previewCritic, unwritten } from '../../critics/llm/preview'
import { readLlmSettings } from '../../critics/llm/settings'
import { Failure } from '../../pipeline/failure'
import type { Split } from '../../pipeline/optimise/split'
import { openToRead, readingOf } from '../open-to-read'
import { prepareRun, type Freezing } from '../runs/prepare'
import { withSource } from '../runs/source'
import { markedAnswers } from './marked-answers'
import { previewScore } from './score'

/** A question about what work with an `llm:` critic would send. */
export interface PreviewQuestion {
  readonly work: 'evaluate' | 'predict'
  /** With absolute paths. */
  readonly critic: string
  readonly split: Split | 'all'
}

/** What it would send about the answers of a project given by its path; null for critics that send nothing. */
export async function previewWork(
  file: string,
  { work, critic, split }: PreviewQuestion,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (!critic.startsWith('llm:')) return null
  if (work === 'predict' || split === 'all')
    return previewScore({ project: file, split }, critic, allowedHosts)
  const { answers } = await readingOf(file, (project) => markedAnswers(project, split, null))
  const inputs = answers
    .filter(({ use }) => use === 'evaluate')
    .map(({ messages, text }) => ({ prompt: messages, response: text }))
  return previewCritic(critic, inputs, { allowedHosts })
}

/**
 * What a run would send: about its stored answers, or its prompts with answers that are yet to be written. The project
 * is given by its path; null where there is none.
 */
export async function previewRunOf(
  file: string | null,
  config: RunConfig,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (!config.critic?.startsWith('llm:')) return null
  const { critic } = config
  const inputs: CriticInput[] = []
  const keep: Freezing['keep'] = (row) =>
    inputs.push({ prompt: row.messages, response: 'text' in row ? row.text : unwritten })
  withSource(file, openToRead, (source) => prepareRun(config, source, { keep }))
  const answers = config.source === 'rollouts' ? config.batch * config.steps : inputs.length
  return previewCritic(critic, inputs, { allowedHosts, answers })
}

/** @throws Failure host-not-allowed, before anything is written for what could not be sent */
export function requireAllowed(preview: CriticPreview | null): void {
  if (preview === null || preview.allowed) return
  throw new Failure(
    'host-not-allowed',
    `The critic would send prompts and answers to ${preview.host}, which is not this machine: allow it with --allow-host ${preview.host}.`
  )
}

/** The same before a run begins in the window, whose seat says which hosts are allowed. @throws Failure host-not-allowed */
export async function requireAllowedHost(
  critic: string | null,
  allowedHosts: readonly string[]
): Promise<void> {
  const what = /^llm:(.+)$/s.exec(critic ?? '')?.[1]
  if (what === undefined) return
  const place = placeOf((await readLlmSettings(what)).url)
  if (isAllowed(place, allowedHosts)) return
  throw new Failure(
    'host-not-allowed',
    `The critic would send prompts and answers to ${place.hostname}, which is not this machine and is not among the hosts of the settings.`
  )
}

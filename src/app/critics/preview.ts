import type { CriticInput } from '../../contract/critic'
import type { CriticPreview } from '../../contract/critic-preview'
import type { RunConfig } from '../../contract/run-config'
import { frozenAnswer, frozenPrompt, runFiles } from '../../contract/run-record'
import { previewCritic, unwritten } from '../../critics/llm/preview'
import { Failure } from '../../pipeline/failure'
import type { Project } from '../../store/project'
import { openToRead } from '../open-to-read'
import { prepareRun, type PreparedRun } from '../runs/prepare'
import { projectSource } from '../runs/source'

/** What an `llm:` critic would send about every answer of a project; null for critics that send nothing. */
export function previewOnProject(
  project: Project,
  critic: string,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  const answers = projectSource(project).answers()
  const inputs = answers.map(({ messages, text }) => ({ prompt: messages, response: text }))
  return previewCritic(critic, inputs, { allowedHosts })
}

/** The same for a run: its stored answers, or its prompts with answers that are yet to be written. */
export function previewRun(
  { config, files }: PreparedRun,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (config.critic === null) return Promise.resolve(null)
  const rollouts = config.source === 'rollouts'
  const text = files[rollouts ? runFiles.prompts : runFiles.answers] ?? ''
  const lines = text.split('\n').filter((line) => line !== '')
  const inputs = lines.map((line): CriticInput => {
    if (rollouts) return { prompt: frozenPrompt.parse(JSON.parse(line)).messages, response: unwritten }
    const { messages, text: response } = frozenAnswer.parse(JSON.parse(line))
    return { prompt: messages, response }
  })
  const answers = rollouts ? config.batch * config.steps : inputs.length
  return previewCritic(config.critic, inputs, { allowedHosts, answers })
}

/** For the command line, with the project given by its path. */
export async function previewRunOf(
  file: string | null,
  config: RunConfig,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (!config.critic?.startsWith('llm:')) return null
  if (file === null) return previewRun(prepareRun(config, null), allowedHosts)
  const project = openToRead(file)
  try {
    return await previewRun(prepareRun(config, projectSource(project)), allowedHosts)
  } finally {
    project.close()
  }
}

/** @throws Failure host-not-allowed, before anything is written for what could not be sent */
export function requireAllowed(preview: CriticPreview | null): void {
  if (preview === null || preview.allowed) return
  throw new Failure(
    'host-not-allowed',
    `The critic would send prompts and answers to ${preview.host}, which is not this machine: allow it with --allow-host ${preview.host}.`
  )
}

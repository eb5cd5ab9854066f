import { existsSync } from 'node:fs'
import type { Critic } from '../../contract/critic'
import { llmSettingsFile } from '../../contract/critic-specification'
import { runFiles } from '../../contract/run-record'
import { openCritic, type CriticOptions } from '../../critics'
import { cached } from '../../critics/cache'
import { CritiqueFile } from '../../critics/critique-file'
import { SpentFile } from '../../critics/llm/spent'
import type { RuntimeChoice } from '../model/devices'
import type { RunFolder } from '../run/folder'
import { openTrainedCritic } from './trained'

const trained = 'trained:'

/** The folder of a trained critic's specification; null for other kinds. */
export const trainedDir = (specification: string): string | null =>
  specification.startsWith(trained) ? specification.slice(trained.length) : null

/**
 * Any critic by its specification: `trained:DIR` by the engine, the others as `openCritic` does.
 * @throws Failure as `openTrainedCritic` and `openCritic`
 */
export async function openAnyCritic(
  specification: string,
  {
    device = 'cpu',
    threads = 2,
    allowedHosts,
    log,
    spent,
    ...choice
  }: Partial<RuntimeChoice> & CriticOptions = {}
): Promise<Critic> {
  const dir = trainedDir(specification)
  return dir === null
    ? openCritic(specification, { allowedHosts, log, spent })
    : openTrainedCritic(dir, { ...choice, device, threads })
}

/**
 * The run's critic; rules are read from the copy in its own folder. Others are noted by their version, so that a
 * resumed run is judged by the same one. What a model on a server has said is kept in the run's folder: a step that is
 * done again, and the review, hear the same words and cost nothing. What it has spent is kept there too.
 * @throws Failure as `openAnyCritic`, run-not-resumable
 */
export async function openRunCritic(folder: RunFolder, between?: () => void): Promise<Critic> {
  const { critic: specification, device, threads, spinning, fallback } = folder.config
  if (specification?.startsWith('rules:')) return openCritic(`rules:${folder.path(runFiles.rules)}`)
  const log = (line: string): void => folder.log(line)
  const critic = await openAnyCritic(withFrozenSettings(specification ?? '', folder), {
    ...{ device, threads, spinning, fallback, between },
    ...{ allowedHosts: folder.allowedHosts, log },
    ...(specification?.startsWith('llm:') && { spent: new SpentFile(folder.path(runFiles.spent)) })
  })
  folder.pin('critic', critic.version)
  return critic.id === 'llm' ? cached(critic, new CritiqueFile(folder.path(runFiles.critiques), log)) : critic
}

/**
 * Settings of an `llm:` critic are read where they are, so that its budget can be raised before a run is resumed; what
 * its words depend on is pinned. Where they are gone, the copy in the run's folder is read.
 */
function withFrozenSettings(specification: string, folder: RunFolder): string {
  const file = llmSettingsFile(specification)
  const copy = folder.path(runFiles.llmSettings)
  return file !== null && !existsSync(file) && existsSync(copy) ? `llm:${copy}` : specification
}

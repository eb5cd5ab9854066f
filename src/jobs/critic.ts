import type { Critic } from '../contract/critic'
import { runFiles } from '../contract/run-record'
import { openCritic } from '../critics'
import type { RunFolder } from './run-folder'

/** The run's critic; rules are read from the copy in its own folder. @throws Failure as `openCritic` */
export function openRunCritic(folder: RunFolder): Promise<Critic> {
  const { critic } = folder.config
  return openCritic(critic?.startsWith('rules:') ? `rules:${folder.path(runFiles.rules)}` : (critic ?? ''))
}

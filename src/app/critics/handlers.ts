import { dirname } from 'node:path'
import type { EvaluationResult } from '../../contract/critic-evaluation'
import { placeCritic } from '../../contract/critic-specification'
import type { Handlers } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import type { Project } from '../../store/project'
import type { WorkTools } from '../long-work'
import { discardEvaluation, keepEvaluation, type EvaluationWork } from './evaluate'
import type { ReadingThread } from '../reading/reading-thread'
import { pathFrom } from '../runs/config-file'
import { gateOf } from './gate'
import { listCritics, nextCriticFolder } from './list'
import { discardScoring, scoringRequest, takeScores, type Scored, type ScoringWork } from './score'
import { setThresholds, thresholdsView } from './thresholds'
import { readCriticTraining } from './train'

export interface CriticHost {
  /** The open project. @throws Failure when there is none */
  readonly project: () => Project
  /** One job at a time, shown and cancelled as long work. */
  readonly doJob: (
    what: string,
    request: JobRequest | ((tools: WorkTools) => Promise<JobRequest>)
  ) => Promise<unknown>
  readonly changed: () => void
  /** Who sits here. */
  readonly person: () => string
  readonly reading: Pick<ReadingThread, 'ask'>
  /** Hosts that this seat allows critics to send texts to. */
  readonly allowedHosts: () => readonly string[]
}

const here = { threads: 2, device: 'cpu' } as const

/** The critic routes. */
export function criticHandlers({ project, doJob, changed, person, reading, allowedHosts }: CriticHost) {
  /** A path that a person typed begins at the project's folder. */
  const placed = (critic: string): string => placeCritic(critic, pathFrom(dirname(project().file)))
  return {
    'critics.list': () => listCritics(project()),
    'critics.gate': ({ critic }) => gateOf(project(), placed(critic)),
    'critics.thresholds': () => thresholdsView(project()),
    'critics.setThresholds': (thresholds) => {
      const view = setThresholds(project(), thresholds, person())
      changed()
      return view
    },
    'critics.preview': (asked) => {
      const work = { ...asked, critic: placed(asked.critic) }
      return reading.ask('preview-work', { file: project().file, work, allowedHosts: allowedHosts() })
    },
    'critics.answers': ({ version }) => reading.ask('judged-answers', { file: project().file, version }),
    'critics.train': async ({ kind, base, steps }) => {
      const training = readCriticTraining(null, { kind, base, steps })
      const [{ file }, dir] = [project(), nextCriticFolder(project())]
      try {
        await doJob('Training a critic', async (tools) => ({
          kind: 'train-critic',
          criticDir: await reading.ask('write-critic', { file, training, dir }, tools)
        }))
      } finally {
        changed()
      }
      return { critic: `trained:${dir}` }
    },
    'critics.evaluate': async ({ critic, split }) => {
      const options = { critic: placed(critic), split, tokenizer: null, seed: 1, ...here }
      const { file } = project()
      let work: EvaluationWork | undefined
      try {
        const result = await doJob('Evaluating a critic', async (tools) => {
          work = await reading.ask('evaluation', { file, options }, tools)
          return work.request
        })
        return keepEvaluation(work as EvaluationWork, result as EvaluationResult)
      } finally {
        if (work) discardEvaluation(work)
        changed()
      }
    },
    'critics.predict': async ({ critic, split }) => {
      const into = project()
      const options = { critic: placed(critic), ...here }
      let work: ScoringWork | undefined
      try {
        const result = await doJob('Asking a critic', async (tools) => {
          work = await reading.ask('scoring', { file: into.file, split }, tools)
          return scoringRequest(work, options)
        })
        return await takeScores(into, work as ScoringWork, result as Scored)
      } finally {
        if (work) discardScoring(work)
        changed()
      }
    }
  } satisfies Partial<Handlers>
}

import type { EvaluationResult } from '../../contract/critic-evaluation'
import type { Handlers } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import type { Project } from '../../store/project'
import { EvaluationWork } from './evaluate'
import { setThresholds, thresholdsOf } from './gate'
import { judgedAnswers } from './judged-answers'
import { listCritics, nextCriticFolder } from './list'
import { scoreInto } from './score'
import { prepareCritic, readCriticTraining } from './train'

export interface CriticHost {
  /** The open project. @throws Failure when there is none */
  readonly project: () => Project
  /** One job at a time, shown and cancelled as long work. */
  readonly doJob: (what: string, request: JobRequest) => Promise<unknown>
  readonly changed: () => void
}

const here = { threads: 2, device: 'cpu' } as const

/** The critic routes. */
export function criticHandlers({ project, doJob, changed }: CriticHost) {
  return {
    'critics.list': () => listCritics(project()),
    'critics.thresholds': () => thresholdsOf(project()),
    'critics.setThresholds': (thresholds) => setThresholds(project(), thresholds),
    'critics.answers': ({ version }) => judgedAnswers(project(), version),
    'critics.train': async ({ kind, base, steps }) => {
      const training = readCriticTraining(null, { kind, base, steps })
      const criticDir = prepareCritic(project(), training, nextCriticFolder(project()))
      try {
        await doJob('Training a critic', { kind: 'train-critic', criticDir })
      } finally {
        changed()
      }
      return { critic: `trained:${criticDir}` }
    },
    'critics.evaluate': async ({ critic, split }) => {
      const work = new EvaluationWork(project(), { critic, split, tokenizer: null, seed: 1, ...here })
      try {
        return work.keep((await doJob('Evaluating a critic', work.request)) as EvaluationResult)
      } finally {
        work.discard()
        changed()
      }
    },
    'critics.predict': async ({ critic, split }) => {
      const into = project()
      const host = (request: JobRequest): Promise<unknown> => doJob('Asking a critic', request)
      try {
        return await scoreInto(into, { critic, split, ...here }, host)
      } finally {
        changed()
      }
    }
  } satisfies Partial<Handlers>
}

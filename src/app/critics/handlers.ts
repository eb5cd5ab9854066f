import { dirname } from 'node:path'
import type { EvaluationResult } from '../../contract/critic-evaluation'
import { placeCritic } from '../../contract/critic-specification'
import type { Handlers } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import type { Project } from '../../store/project'
import { EvaluationWork } from './evaluate'
import { pathFrom } from '../runs/config-file'
import type { PlanThread } from '../runs/plan-thread'
import { gateOf } from './gate'
import { judgedAnswers } from './judged-answers'
import { listCritics, nextCriticFolder } from './list'
import { scoreInto } from './score'
import { setThresholds, thresholdsView } from './thresholds'
import { prepareCritic, readCriticTraining } from './train'

export interface CriticHost {
  /** The open project. @throws Failure when there is none */
  readonly project: () => Project
  /** One job at a time, shown and cancelled as long work. */
  readonly doJob: (what: string, request: JobRequest) => Promise<unknown>
  readonly changed: () => void
  /** Who sits here. */
  readonly person: () => string
  readonly plans: Pick<PlanThread, 'previewWork'>
  /** Hosts that this seat allows critics to send texts to. */
  readonly allowedHosts: () => readonly string[]
}

const here = { threads: 2, device: 'cpu' } as const

/** The critic routes. */
export function criticHandlers({ project, doJob, changed, person, plans, allowedHosts }: CriticHost) {
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
    'critics.preview': (asked) =>
      plans.previewWork(project().file, { ...asked, critic: placed(asked.critic) }, allowedHosts()),
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
      const work = new EvaluationWork(project(), {
        critic: placed(critic),
        split,
        tokenizer: null,
        seed: 1,
        ...here
      })
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
        return await scoreInto(into, { critic: placed(critic), split, ...here }, host)
      } finally {
        changed()
      }
    }
  } satisfies Partial<Handlers>
}

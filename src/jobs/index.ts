import type { JobRequest } from '../contract/job'
import type { JobContext } from './context'
import { tryDevices } from './model/devices'
import { evaluateCritic } from './critic/evaluate'
import { exportModel } from './model/export'
import { reviewRun } from './review'
import { sampleAnswers } from './sample'
import { scoreCritic } from './critic/score'
import { train } from './run/train'
import { trainCritic } from './critic/train'

export type { JobContext } from './context'

/** Does one job to its end. What it throws is told by the host, with its code. */
export function runJob(request: JobRequest, context: JobContext): Promise<unknown> {
  switch (request.kind) {
    case 'devices':
      return tryDevices()
    case 'train':
      return train(request.runDir, context, request.allowedHosts)
    case 'sample':
      return sampleAnswers(request, context)
    case 'review':
      return reviewRun(request, context)
    case 'evaluate-critic':
      return evaluateCritic(request, context)
    case 'train-critic':
      return trainCritic(request.criticDir, context)
    case 'score-critic':
      return scoreCritic(request, context)
    case 'export':
      return exportModel(request, context)
  }
}

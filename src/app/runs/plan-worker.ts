import { parentPort } from 'node:worker_threads'
import type { CriticPreview } from '../../contract/critic-preview'
import { toFailure } from '../../contract/errors'
import type { RunPlan } from '../../contract/ipc'
import { previewRunOf, previewWork } from '../critics/preview'
import type { NumberedQuestion, PlanAnswer, PlanQuestion } from './plan-thread'
import { planRunOf } from './project'

/** The thread that plans: it reads the project beside whoever writes it, and remembers its latest estimate. */
const port = parentPort
if (!port) throw new Error('The plan worker runs only as a worker thread.')

const send = (answer: PlanAnswer): void => port.postMessage(answer)

function answer(question: PlanQuestion): Promise<RunPlan | CriticPreview | null> {
  switch (question.what) {
    case 'plan':
      return planRunOf(question.file, question.config)
    case 'preview-run':
      return previewRunOf(question.file, question.config, question.allowedHosts)
    case 'preview-work':
      return previewWork(question.file, question.work, question.allowedHosts)
  }
}

port.on('message', ({ id, question }: NumberedQuestion) => {
  answer(question).then(
    (value) => send({ id, outcome: { ok: true, value } }),
    (thrown: unknown) => send({ id, outcome: { ok: false, error: toFailure(thrown) } })
  )
})

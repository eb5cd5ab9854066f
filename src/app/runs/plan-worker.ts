import { parentPort } from 'node:worker_threads'
import type { CriticPreview } from '../../contract/critic-preview'
import { toFailure } from '../../contract/errors'
import type { RunPlan } from '../../contract/ipc'
import type { Progress } from '../../contract/job'
import { previewRunOf, previewWork } from '../critics/preview'
import { Failure } from '../../pipeline/failure'
import type { NumberedQuestion, PlanAnswer, PlanProgress, PlanQuestion } from './plan-thread'
import { planRunOf, writeRunOf } from './project'
import type { WrittenRun } from './runs'

/** The thread that plans: it reads the project beside whoever writes it, and remembers its latest estimate. */
const port = parentPort
if (!port) throw new Error('The plan worker runs only as a worker thread.')

const send = (message: PlanAnswer | PlanProgress): void => port.postMessage(message)

function answer(
  question: PlanQuestion,
  onProgress: (progress: Progress) => void
): Promise<RunPlan | CriticPreview | WrittenRun | null> {
  switch (question.what) {
    case 'plan':
      return planRunOf(question.file, question.config)
    case 'preview-run':
      return previewRunOf(question.file, question.config, question.allowedHosts)
    case 'preview-work':
      return previewWork(question.file, question.work, question.allowedHosts)
    case 'write': {
      const { file, run, cancelled } = question
      const goOn = (): void => {
        if (Atomics.load(cancelled, 0) !== 0)
          throw new Failure('cancelled', 'The run was cancelled before it began; nothing was kept.')
      }
      return writeRunOf(file, run, { onProgress, goOn })
    }
  }
}

port.on('message', ({ id, question }: NumberedQuestion) => {
  answer(question, (progress) => send({ id, progress })).then(
    (value) => send({ id, outcome: { ok: true, value } }),
    (thrown: unknown) => send({ id, outcome: { ok: false, error: toFailure(thrown) } })
  )
})

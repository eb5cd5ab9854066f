import type { RunConfig } from '../../contract/run-config'
import { TokenCache } from '../align/token-cache'
import { trayView } from '../align/tray'
import { prepareEvaluation, type EvaluateOptions } from '../critics/evaluate'
import { judgedAnswers } from '../critics/judged-answers'
import { previewRunOf, previewWork, type PreviewQuestion } from '../critics/preview'
import { prepareScoring } from '../critics/score'
import { prepareCriticOf } from '../critics/train'
import type { CriticTraining } from '../../contract/critic-record'
import { readingOf } from '../open-to-read'
import { planRunOf, writeRunOf, type RunToWrite } from '../runs/project'
import type { ReadingTools } from './reading-tools'

/** Every reading is of a project given by its path, beside whoever writes it. */
type Of<Input> = Input & { readonly file: string }

const tokens = new TokenCache()

/**
 * What takes seconds on a large project and only reads it: looking through every answer, and the folders that jobs start
 * from. Each is done whole, as of one moment.
 */
export const readings = {
  plan: ({ file, config }: Of<{ readonly config: RunConfig }>) => planRunOf(file, config),
  'write-run': ({ file, run }: Of<{ readonly run: RunToWrite }>, tools: ReadingTools) =>
    writeRunOf(file, run, tools),
  'preview-run': ({ file, config, allowedHosts }: Of<{ readonly config: RunConfig } & Allowed>) =>
    previewRunOf(file, config, allowedHosts),
  'preview-work': ({ file, work, allowedHosts }: Of<{ readonly work: PreviewQuestion } & Allowed>) =>
    previewWork(file, work, allowedHosts),
  'write-critic': ({
    file,
    training,
    dir
  }: Of<{ readonly training: CriticTraining; readonly dir: string }>) => prepareCriticOf(file, training, dir),
  evaluation: ({ file, options }: Of<{ readonly options: EvaluateOptions }>) =>
    readingOf(file, (project) => prepareEvaluation(project, options)),
  scoring: ({ file, split }: Of<{ readonly split: string }>) =>
    readingOf(file, (project) => prepareScoring(project, split)),
  'judged-answers': ({ file, version }: Of<{ readonly version: string }>) =>
    readingOf(file, (project) => judgedAnswers(project, version)),
  tray: ({ file, modelDir, limit }: Of<{ readonly modelDir: string; readonly limit: number }>) =>
    readingOf(file, (project) => trayView(project, tokens, modelDir, limit))
}

interface Allowed {
  readonly allowedHosts: readonly string[]
}

export type Readings = typeof readings

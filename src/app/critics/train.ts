import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import {
  criticFiles,
  parseCriticTraining,
  type CriticTraining,
  type TrainingRecord
} from '../../contract/critic-record'
import { Failure } from '../../pipeline/failure'
import type { Project } from '../../store/project'
import { writeNewFolder } from '../new-folder'
import { readingOf } from '../open-to-read'
import { openRunModel, templateFor } from '../runs/model'
import { sha256 } from '../sha256'
import { criticExamples } from './examples'

/**
 * A critic's configuration: a file's keys, under the ones that were given beside it.
 * @throws Failure not-found, not-a-file, bad-json, bad-configuration
 */
export function readCriticTraining(
  file: string | null,
  given: Readonly<Record<string, unknown>>
): CriticTraining {
  let json: object = {}
  if (file !== null) {
    if (!existsSync(file)) throw new Failure('not-found', `There is no configuration at ${file}.`)
    if (statSync(file).isDirectory())
      throw new Failure('not-a-file', `${file} is a folder, not a critic's configuration.`)
    try {
      json = JSON.parse(readFileSync(file, 'utf8')) as object
    } catch (error) {
      throw new Failure('bad-json', `${file} is not valid JSON: ${(error as Error).message}`)
    }
    if (json === null || typeof json !== 'object' || Array.isArray(json))
      throw new Failure('bad-configuration', `${file} does not hold an object.`)
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const config = parseCriticTraining({ ...json, ...set })
  return { ...config, base: resolve(config.base) }
}

/**
 * Freezes a project's annotations as examples and writes the folder that the job trains in: whole, or not at all.
 * @returns the folder's path
 * @throws Failure bad-input when the folder is used already, nothing-to-train, and what reading the base may throw
 */
function prepareCritic(project: Project, asked: CriticTraining, dir: string): string {
  const { tokenizer } = openRunModel(asked.base)
  const configuration = { ...asked, template: templateFor(tokenizer, asked.template) }
  const { examples, dropped, splitSha256 } = criticExamples(project, configuration)
  if (!examples.some(({ split }) => split === 'train'))
    throw new Failure(
      'nothing-to-train',
      'No annotation of a training document has been submitted: there is nothing to learn from.'
    )
  const lines = examples.map((example) => JSON.stringify(example) + '\n').join('')
  const record: TrainingRecord = {
    version: 1,
    configuration,
    project: basename(project.file),
    splitSha256,
    dataSha256: sha256(lines),
    dropped: [...dropped],
    hashes: {}
  }
  const files = {
    [criticFiles.examples]: lines,
    [criticFiles.training]: JSON.stringify(record, null, 2) + '\n'
  }
  return writeNewFolder(dir, files, 'a critic needs a new folder')
}

/** The same of a project given by its path, which is open only while it is read. */
export const prepareCriticOf = (file: string, asked: CriticTraining, dir: string): Promise<string> =>
  readingOf(file, (project) => prepareCritic(project, asked, dir))

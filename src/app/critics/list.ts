import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  criticFiles,
  trainingRecord,
  type CriticRecord,
  type CriticTraining
} from '../../contract/critic-record'
import type { CriticView, TrainedView } from '../../contract/critic-views'
import type { CriticGate } from '../../contract/critic-gate'
import { toFailure } from '../../contract/errors'
import { readMetrics, readRunRecord } from '../runs/folder'
import { listRuns } from '../runs/runs'
import { criticsOf } from '../../store/critics'
import { countPredictions } from '../../store/predictions'
import type { Project } from '../../store/project'
import { listEvaluations } from './evaluations'
import { criticFingerprint, readCritic } from './fingerprint'
import { gateOf } from './gate'

/** Folder beside a project file that the window's critics go to: `NAME.critics`. */
export const criticsFolderOf = (project: Project): string =>
  join(dirname(project.file), `${project.name}.critics`)

/** The folder of the next critic: `critic-1`, `critic-2` and so on. */
export function nextCriticFolder(project: Project): string {
  const folder = criticsFolderOf(project)
  const numbers = existsSync(folder)
    ? readdirSync(folder).map((name) => Number(/^critic-(\d+)$/.exec(name)?.[1] ?? 0))
    : []
  return join(folder, `critic-${Math.max(0, ...numbers) + 1}`)
}

/** Critics trained beside the project, and whatever else was evaluated on it or used by a run. */
export function listCritics(project: Project): CriticView[] {
  const folder = criticsFolderOf(project)
  const trained = existsSync(folder)
    ? readdirSync(folder)
        .map((name) => join(folder, name))
        .filter((dir) => statSync(dir).isDirectory() && existsSync(join(dir, criticFiles.training)))
        .map((dir) => `trained:${dir}`)
    : []
  const evaluated = listEvaluations(project.file).map(({ critic }) => critic.specification)
  const used = listRuns(project).flatMap(({ dir }) => readRunRecord(dir).config.critic ?? [])
  return [...new Set([...trained, ...evaluated, ...used])].map((critic) => criticView(project, critic))
}

function criticView(project: Project, specification: string): CriticView {
  const dir = /^trained:(.+)$/s.exec(specification)?.[1]
  const record = dir === undefined ? null : recordOf(dir)
  const configuration = record?.configuration ?? (dir === undefined ? null : configurationOf(dir))
  const evaluation = evaluationOf(project, specification)
  const version = record?.id ?? evaluation?.critic.version ?? null
  return {
    specification,
    kind: configuration?.kind ?? (specification.split(':')[0] as 'rules' | 'tests' | 'llm'),
    name: nameOf(specification),
    version,
    state: dir === undefined || record ? 'ready' : 'unfinished',
    gate: verdictOf(project, specification),
    evaluation,
    trained: dir === undefined || configuration === null ? null : trainedView(dir, record, configuration),
    predictions: version === null ? 0 : predictionsOf(project, version)
  }
}

const nameOf = (specification: string): string =>
  specification === 'tests' ? 'tests' : basename(specification.replace(/^\w+:/, ''))

function recordOf(dir: string): CriticRecord | null {
  try {
    return readCritic(dir)
  } catch {
    return null // Being trained, or left off.
  }
}

function configurationOf(dir: string): CriticTraining | null {
  try {
    return trainingRecord.parse(JSON.parse(readFileSync(join(dir, criticFiles.training), 'utf8')))
      .configuration
  } catch {
    return null
  }
}

function evaluationOf(project: Project, specification: string): CriticView['evaluation'] {
  const evaluations = listEvaluations(project.file).filter(({ split }) => split === 'test')
  try {
    const fingerprint = criticFingerprint(specification)
    return evaluations.find(({ critic }) => critic.fingerprint === fingerprint) ?? null
  } catch {
    return null
  }
}

/** A critic whose files are gone may not train, and says so. */
function verdictOf(project: Project, specification: string): CriticGate {
  try {
    return gateOf(project, specification)
  } catch (error) {
    const because = toFailure(error).message
    return { by: 'evaluation', passed: false, because, evaluation: null, override: null }
  }
}

function predictionsOf(project: Project, version: string): number {
  return project.read((db) => {
    const found = [...criticsOf(db).values()].find((critic) => critic.version === version)
    return found ? countPredictions(db, found.personId) : 0
  })
}

function trainedView(dir: string, record: CriticRecord | null, { base }: CriticTraining): TrainedView {
  const none = { train: 0, dev: 0, test: 0, dropped: 0 }
  return {
    base,
    examples: record?.examples ?? none,
    best: record?.best ?? null,
    corrections: record ? correctionsOf(record) : [],
    metrics: readMetrics(dir)
  }
}

function correctionsOf({ trainedOn }: CriticRecord): TrainedView['corrections'] {
  const found = new Map<string, { accepted: number; edited: number; rejected: number; added: number }>()
  for (const { base } of trainedOn.rows) {
    if (!base) continue
    const counts = found.get(base.criticVersion) ?? { accepted: 0, edited: 0, rejected: 0, added: 0 }
    found.set(base.criticVersion, counts)
    for (const { change } of base.spans) counts[change]++
  }
  return [...found].map(([version, counts]) => ({ version, ...counts }))
}

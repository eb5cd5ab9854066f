import { criticThresholds, thresholdsChanges, type ThresholdsView } from '../../contract/critic-thresholds'
import { defaultThresholds, type CriticThresholds } from '../../pipeline/reward/critic-quality/gate'
import { getMeta, setMeta } from '../../store/meta'
import { openProject, type Project } from '../../store/project'
import { openToRead } from '../open-to-read'

const key = 'critic-thresholds'
const changesKey = 'critic-thresholds-changes'

/** The project's own thresholds, or the defaults. */
export const thresholdsOf = (project: Project): CriticThresholds =>
  stored(project, key, criticThresholds) ?? defaultThresholds

export const thresholdsView = (project: Project): ThresholdsView => ({
  current: thresholdsOf(project),
  defaults: defaultThresholds,
  changes: (stored(project, changesKey, thresholdsChanges) ?? []).reverse()
})

/** Sets them, and remembers who did; setting what they are already changes nothing. */
export function setThresholds(
  project: Project,
  thresholds: CriticThresholds,
  person: string
): ThresholdsView {
  const { current, changes } = thresholdsView(project)
  if (same(current, thresholds)) return thresholdsView(project)
  const change = { person, at: new Date().toISOString(), thresholds }
  project.write((db) => {
    setMeta(db, key, JSON.stringify(thresholds))
    setMeta(db, changesKey, JSON.stringify([change, ...changes].reverse()))
  })
  return thresholdsView(project)
}

/**
 * For the command line: the thresholds of a project file, after those that are named here have become what they are
 * here. Without any the project is only read.
 * @throws Failure as opening the project does
 */
export function changeThresholds(
  file: string,
  changes: Partial<CriticThresholds>,
  person: string
): ThresholdsView {
  const change = Object.keys(changes).length > 0
  const project = change ? openProject(file) : openToRead(file)
  try {
    return change
      ? setThresholds(project, { ...thresholdsOf(project), ...changes }, person)
      : thresholdsView(project)
  } finally {
    project.close()
  }
}

const names = Object.keys(defaultThresholds) as (keyof CriticThresholds)[]
const same = (one: CriticThresholds, other: CriticThresholds): boolean =>
  names.every((name) => one[name] === other[name])

/** What is damaged is as good as nothing. */
function stored<T>(project: Project, name: string, schema: { parse(json: unknown): T }): T | null {
  const text = project.read((db) => getMeta(db, name))
  if (text === null) return null
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

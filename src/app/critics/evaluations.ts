import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseEvaluation, type CriticEvaluation } from '../../contract/critic-evaluation'

/** Folder beside a project file that evaluations of critics are kept in: `NAME.evaluations`. */
export const evaluationsFolderOf = (projectFile: string): string =>
  join(dirname(projectFile), `${basename(projectFile).replace(/\.t2g$/i, '')}.evaluations`)

/** Every evaluation beside a project, the latest first; a damaged file is as good as none. */
export function listEvaluations(projectFile: string): CriticEvaluation[] {
  const folder = evaluationsFolderOf(projectFile)
  if (!existsSync(folder)) return []
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      try {
        return [parseEvaluation(JSON.parse(readFileSync(join(folder, name), 'utf8')))]
      } catch {
        return []
      }
    })
  return found.sort((a, b) => (a.evaluatedAt < b.evaluatedAt ? 1 : -1))
}

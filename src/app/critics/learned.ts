import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { criticExample, criticFiles } from '../../contract/critic-record'
import { Failure } from '../../pipeline/failure'
import type { Split } from '../../pipeline/optimise/split'
import { annotationsOf } from '../../store/annotations'
import type { Project } from '../../store/project'
import { responsesOfDocument } from '../../store/responses'
import { allDocuments } from '../runs/source'
import { readCritic } from './fingerprint'

/**
 * Sees to it that a trained critic is not measured on what it was made from: no document of the split has an annotation
 * that it learnt from or, on test, that chose its checkpoint and its thresholds. Documents keep their split, so this
 * finds a critic of another project that was split otherwise. Its own training answers may be asked for, as `train`.
 * @throws Failure bad-input
 */
export function requireUnlearned(project: Project, critic: string, split: Split): void {
  if (split === 'train' || !critic.startsWith('trained:')) return
  const dir = critic.slice('trained:'.length)
  const used = new Set(readCritic(dir).trainedOn.rows.map(({ annotationId }) => annotationId))
  if (split === 'test') for (const annotationId of chosenBy(dir)) used.add(annotationId)
  const leaked = project.read((db) =>
    allDocuments(db).filter(
      (document) =>
        document.split === split &&
        responsesOfDocument(db, document.documentId).some(({ responseId }) =>
          annotationsOf(db, responseId).some(({ annotationId }) => used.has(annotationId))
        )
    )
  )
  if (leaked.length > 0)
    throw new Failure(
      'bad-input',
      `The critic in ${dir} was made from ${leaked.length} of the documents in this project's ${split} split, so it cannot be measured on them; train one on this project.`
    )
}

/** The dev annotations of a critic's own copy of its examples, while its folder has one. */
function chosenBy(dir: string): string[] {
  const file = join(dir, criticFiles.examples)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  const examples = lines.filter((line) => line !== '').map((line) => criticExample.parse(JSON.parse(line)))
  return examples.filter(({ split }) => split === 'dev').map(({ annotationId }) => annotationId)
}

import type { CritiqueLine } from '../../contract/critic-lines'
import { polarityOf } from '../../pipeline/annotate/span'
import { annotationIdOf, insertAnnotation } from '../../store/annotations'
import { ensureCritic } from '../../store/critics'
import type { Db } from '../../store/database'
import { appendEntry } from '../../store/history'
import { contentId } from '../../store/ids'
import type { Project } from '../../store/project'
import { getResponse } from '../../store/responses'
import { insertSpan } from '../../store/spans'
import { verifySpan } from '../../store/record-writer'
import { anchorOf } from '../../pipeline/annotate/anchor'

export interface Prediction {
  readonly responseId: string
  readonly critique: CritiqueLine
}

export interface StoredPredictions {
  readonly stored: number
  /** Answers that this version had judged before. */
  readonly known: number
  readonly failed: number
}

/** Predictions in one transaction; between two of them others have their turn. */
const batch = 200

/**
 * A critic's predictions into the project, as drafts of the critic's own: they never train a policy and never count as
 * read, and a person who takes one over gets a copy that says what it was copied from. A failure stores nothing.
 * @throws Failure span-outside-text, quote-mismatch: then nothing at all is stored. What else ends it leaves whole batches,
 *   which are known when it is tried again
 */
export async function storePredictions(
  project: Project,
  critic: CriticVersion,
  predictions: readonly Prediction[]
): Promise<StoredPredictions> {
  await eachBatch(predictions, (some) => project.read((db) => some.forEach((one) => verify(db, one))))
  const counts = { stored: 0, known: 0, failed: 0 }
  await eachBatch(predictions, (some) => project.write((db) => storeBatch(db, critic, some, counts)))
  return counts
}

interface CriticVersion {
  readonly critic: string
  readonly version: string
}

async function eachBatch<T>(items: readonly T[], work: (some: readonly T[]) => void): Promise<void> {
  for (let start = 0; start < items.length; start += batch) {
    if (start > 0) await new Promise(setImmediate)
    work(items.slice(start, start + batch))
  }
}

function verify(db: Db, { responseId, critique }: Prediction): void {
  const response = critique.status === 'failed' ? null : getResponse(db, responseId)
  if (response) for (const span of critique.spans) verifySpan(response.text, span)
}

function storeBatch(
  db: Db,
  { critic, version }: CriticVersion,
  predictions: readonly Prediction[],
  counts: { stored: number; known: number; failed: number }
): void {
  const personId = ensureCritic(db, { critic, version })
  const at = new Date().toISOString()
  let stored = 0
  for (const { responseId, critique } of predictions) {
    const response = getResponse(db, responseId)
    if (critique.status === 'failed' || !response) {
      counts.failed++
      continue
    }
    const annotationId = annotationIdOf(responseId, personId)
    const isNew = insertAnnotation(db, {
      ...{ annotationId, responseId, personId, status: 'draft', critique: critique.critique },
      ...{ guideline: '', base: null, retracted: false, createdAt: at }
    })
    if (!isNew) {
      counts.known++
      continue
    }
    stored++
    critique.spans.forEach(({ start, end, label, confidence, reason = '' }, index) => {
      const polarity = polarityOf(label)
      insertSpan(db, {
        spanId: contentId('span', annotationId, String(index), `${start}-${end}`, polarity),
        ...{ annotationId, start, end, polarity, reason, category: '', confidence },
        ...anchorOf(response.text, { start, end }),
        ...{ base: null, retracted: false }
      })
    })
  }
  counts.stored += stored
  const what = `${stored} predictions of the ${critic} critic ${version}`
  const nobody = { personId: null, responseId: null, annotationId: null, step: null, fold: null }
  if (stored > 0) appendEntry(db, { ...nobody, at, kind: 'import', what, patches: [] })
}

import type { CritiqueLine } from '../../contract/critic-lines'
import { polarityOf } from '../../pipeline/annotate/span'
import { annotationIdOf, insertAnnotation } from '../../store/annotations'
import { ensureCritic } from '../../store/critics'
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

/**
 * A critic's predictions into the project, as drafts of the critic's own: they never train a policy and never count as
 * read, and a person who takes one over gets a copy that says what it was copied from. A failure stores nothing.
 * @throws Failure span-outside-text, quote-mismatch: then nothing at all is stored
 */
export function storePredictions(
  project: Project,
  { critic, version }: { readonly critic: string; readonly version: string },
  predictions: readonly Prediction[]
): StoredPredictions {
  return project.write((db) => {
    const personId = ensureCritic(db, { critic, version })
    const at = new Date().toISOString()
    const counts = { stored: 0, known: 0, failed: 0 }
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
      counts.stored++
      critique.spans.forEach(({ start, end, quote, label, confidence, reason = '' }, index) => {
        verifySpan(response.text, { start, end, quote })
        const polarity = polarityOf(label)
        insertSpan(db, {
          spanId: contentId('span', annotationId, String(index), `${start}-${end}`, polarity),
          ...{ annotationId, start, end, polarity, reason, category: '', confidence },
          ...anchorOf(response.text, { start, end }),
          ...{ base: null, retracted: false }
        })
      })
    }
    const what = `${counts.stored} predictions of the ${critic} critic ${version}`
    const nobody = { personId: null, responseId: null, annotationId: null, step: null, fold: null }
    if (counts.stored > 0) appendEntry(db, { ...nobody, at, kind: 'import', what, patches: [] })
    return counts
  })
}

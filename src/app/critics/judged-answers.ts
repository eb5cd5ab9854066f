import type { JudgedAnswerView } from '../../contract/critic-views'
import { rankAnswers, type RankedInput } from '../../pipeline/reward/critic-quality/ranking'
import { annotationsOf } from '../../store/annotations'
import { criticsOf } from '../../store/critics'
import type { Db } from '../../store/database'
import { getDocument, type DocumentRow } from '../../store/documents'
import { predictedResponses } from '../../store/predictions'
import type { Project } from '../../store/project'
import { getResponse } from '../../store/responses'
import { spansOf, type SpanRow } from '../../store/spans'
import { isLive, trainingAnnotations } from '../runs/source'

/** The answers that a version of a critic has judged, each with what speaks for looking at it. */
export function judgedAnswers(project: Project, version: string): JudgedAnswerView[] {
  return project.read((db) => {
    const critics = criticsOf(db)
    const personId = [...critics].find(([, critic]) => critic.version === version)?.[0]
    if (personId === undefined) return []
    const found = predictedResponses(db, personId).flatMap((id) => judgedAnswer(db, id, personId, critics))
    const ranked = rankAnswers(found.map(({ input }) => input))
    return found.map(({ document, input }, i) => ({
      ...ranked[i],
      title: document.title,
      split: document.split,
      read: input.people !== null,
      spans: input.critics[0].length
    }))
  })
}

function judgedAnswer(
  db: Db,
  responseId: string,
  personId: string,
  critics: ReadonlyMap<string, unknown>
): { readonly document: DocumentRow; readonly input: RankedInput }[] {
  const response = getResponse(db, responseId)
  const document = response && getDocument(db, response.documentId)
  if (!response || !document) return []
  const annotations = annotationsOf(db, responseId)
  const spansFrom = (annotationId: string): SpanRow[] => spansOf(db, annotationId).filter(isLive)
  const people = trainingAnnotations(annotations).filter(({ kind }) => kind !== 'model')
  const judged = annotations.filter((annotation) => critics.has(annotation.personId) && !annotation.retracted)
  judged.sort((a, b) => Number(b.personId === personId) - Number(a.personId === personId))
  return [
    {
      document,
      input: {
        responseId,
        text: response.text,
        people: people.length > 0 ? people.flatMap(({ annotationId }) => spansFrom(annotationId)) : null,
        critics: judged.map(({ annotationId }) =>
          spansFrom(annotationId).map(({ start, end, polarity, confidence }) => ({
            ...{ start, end, polarity },
            ...(confidence !== null && { confidence })
          }))
        )
      }
    }
  ]
}

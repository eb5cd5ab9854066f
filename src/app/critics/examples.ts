import type { CriticExample, CriticTraining, ExampleRow } from '../../contract/critic-record'
import { annotationsOf, type AnnotationRow } from '../../store/annotations'
import { criticsOf, type CriticPerson } from '../../store/critics'
import type { Db } from '../../store/database'
import type { DocumentRow } from '../../store/documents'
import { lastSequence } from '../../store/history'
import type { Project } from '../../store/project'
import { responsesOfDocument, type ResponseRow } from '../../store/responses'
import { spansOf, type SpanRow } from '../../store/spans'
import { allDocuments, isLive, trainingAnnotations } from '../runs/source'
import { Tally } from '../runs/data'
import { sha256 } from '../sha256'
import { balanceWeights, disagreementWeights } from './weights'

export interface CriticExamples {
  readonly examples: readonly CriticExample[]
  readonly dropped: readonly { readonly reason: string; readonly count: number }[]
  /** Of the lines `documentId split`, sorted. */
  readonly splitSha256: string
}

/**
 * One example for each annotation that a person submitted, or that came with the data, as it stands now. What a critic
 * predicted is an example only once a person has made it their own, and then says which version it corrects.
 */
export function criticExamples(
  project: Project,
  { balance, disagreement }: Pick<CriticTraining, 'balance' | 'disagreement'>
): CriticExamples {
  return project.read((db) => {
    const documents = allDocuments(db)
    const dropped = new Tally()
    const critics = criticsOf(db)
    const sequence = lastSequence(db)
    const unweighted = documents.flatMap((document) =>
      responsesOfDocument(db, document.documentId).flatMap((response) => {
        const annotations = peopleOf(annotationsOf(db, response.responseId))
        if (annotations.length === 0) dropped.add('nobody has submitted an annotation')
        return annotations.map((annotation) =>
          exampleOf(db, { document, response, annotation, critics, sequence })
        )
      })
    )
    const balanced = balanceWeights(unweighted, balance)
    const agreed = disagreementWeights(unweighted, disagreement)
    const split = documents.map((document) => `${document.documentId} ${document.split}`).sort()
    return {
      examples: unweighted.map((example, index) => ({ ...example, weight: balanced[index] * agreed[index] })),
      dropped: dropped.list(),
      splitSha256: sha256(split.join('\n'))
    }
  })
}

const peopleOf = (annotations: readonly AnnotationRow[]): AnnotationRow[] =>
  trainingAnnotations(annotations).filter(({ kind }) => kind !== 'model')

interface Found {
  readonly document: DocumentRow
  readonly response: ResponseRow
  readonly annotation: AnnotationRow
  readonly critics: ReadonlyMap<string, CriticPerson>
  readonly sequence: number
}

function exampleOf(
  db: Db,
  { document, response, annotation, critics, sequence }: Found
): Omit<CriticExample, 'weight'> {
  const { annotationId } = annotation
  const own = spansOf(db, annotationId)
  const base = correctionOf(db, annotation, own, critics)
  return {
    annotationId,
    historySequence: sequence,
    ...(base && { base }),
    responseId: response.responseId,
    documentId: document.documentId,
    split: document.split,
    person: annotation.person,
    messages: document.messages.map(({ role, content }) => ({ role, content })),
    response: response.text,
    critique: annotation.critique,
    spans: own.filter(isLive).map(({ start, end, polarity, reason }) => ({
      ...{ start, end, polarity },
      ...(reason !== '' && { reason })
    }))
  }
}

/**
 * What a person made of a critic's prediction: the last one that they decided on marks of, or began with. Marks that they
 * left undecided are not in it. undefined where there is none.
 */
function correctionOf(
  db: Db,
  { base, responseId }: AnnotationRow,
  own: readonly SpanRow[],
  critics: ReadonlyMap<string, CriticPerson>
): ExampleRow['base'] {
  const copies = new Map(own.map((span) => [span.base, span]))
  const corrections = annotationsOf(db, responseId).flatMap(({ annotationId, personId }) => {
    const critic = critics.get(personId)
    if (!critic) return []
    const spans = spansOf(db, annotationId).flatMap((span) => {
      const copy = copies.get(span.spanId)
      return copy ? [{ base: span.spanId, change: changeOf(span, copy) }] : []
    })
    return spans.length > 0 || annotationId === base
      ? [{ annotationId, criticVersion: critic.version, spans }]
      : []
  })
  const correction = corrections.at(-1)
  if (!correction) return undefined
  const known = new Set(correction.spans.map((span) => span.base))
  const added = own.filter((span) => isLive(span) && (span.base === null || !known.has(span.base)))
  return {
    ...correction,
    spans: [...correction.spans, ...added.map(() => ({ base: null, change: 'added' as const }))]
  }
}

function changeOf(span: SpanRow, copy: SpanRow): 'accepted' | 'edited' | 'rejected' {
  if (copy.retracted) return 'rejected'
  const same = (['start', 'end', 'polarity', 'reason'] as const).every((key) => copy[key] === span[key])
  return same ? 'accepted' : 'edited'
}

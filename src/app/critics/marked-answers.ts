import type { EvaluationAnswer } from '../../contract/critic-evaluation'
import type { Split } from '../../pipeline/optimise/split'
import { wordOffsets } from '../../pipeline/reward/critic-quality/answer'
import { annotationsOf } from '../../store/annotations'
import { criticsOf, type CriticPerson } from '../../store/critics'
import type { Db } from '../../store/database'
import type { DocumentRow } from '../../store/documents'
import type { Project } from '../../store/project'
import { responsesOfDocument } from '../../store/responses'
import { spansOf } from '../../store/spans'
import { isUnfaithful, type PolicyTokenizer } from '../../tokens/tokenizer'
import { allDocuments, isLive, trainingAnnotations } from '../runs/source'
import { testsOf } from '../code-tests'
import { sha256 } from '../sha256'
import { versionsCorrected } from './versions-corrected'

export interface MarkedAnswers {
  readonly answers: readonly EvaluationAnswer[]
  /** Of the lines `documentId split` of the split that is evaluated, sorted. */
  readonly splitSha256: string
}

/**
 * The answers that people marked: those of `split` to be evaluated on, and those of train for baselines to learn from
 * (none where train itself is evaluated). What a critic marked is not gold; what nobody read is left out.
 */
export function markedAnswers(
  project: Project,
  split: Split,
  tokenizer: PolicyTokenizer | null
): MarkedAnswers {
  return project.read((db) => {
    const documents = allDocuments(db)
    const critics = criticsOf(db)
    const wanted = documents.filter((document) => document.split === split || document.split === 'train')
    return {
      splitSha256: hashOf(documents, split),
      answers: wanted.flatMap((document) =>
        responsesOfDocument(db, document.documentId).flatMap(
          ({ responseId, text, extra }): EvaluationAnswer[] => {
            const people = peopleOf(db, responseId, critics)
            const offsets = offsetsOf(text, tokenizer)
            if (people.length === 0 || offsets.length === 0) return []
            return [
              {
                responseId,
                documentId: document.documentId,
                use: document.split === split ? 'evaluate' : 'train',
                messages: document.messages.map(({ role, content }) => ({ role, content })),
                text,
                offsets,
                people,
                ...testsOf(extra, document.extra)
              }
            ]
          }
        )
      )
    }
  })
}

/** The frozen split, hashed: it changes when a document joins it. */
export const splitHash = (project: Project, split: Split): string =>
  project.read((db) => hashOf(allDocuments(db), split))

function hashOf(documents: readonly DocumentRow[], split: Split): string {
  const inside = documents.filter((document) => document.split === split)
  const lines = inside.map(({ documentId }) => `${documentId} ${split}`)
  return sha256(lines.sort().join('\n'))
}

function peopleOf(
  db: Db,
  responseId: string,
  critics: ReadonlyMap<string, CriticPerson>
): EvaluationAnswer['people'] {
  return trainingAnnotations(annotationsOf(db, responseId))
    .filter(({ kind }) => kind !== 'model')
    .map((annotation) => {
      const corrects = versionsCorrected(db, annotation, critics)
      return {
        person: annotation.person,
        critique: annotation.critique,
        spans: spansOf(db, annotation.annotationId)
          .filter(isLive)
          .map(({ start, end, polarity, reason }) => ({ start, end, polarity, reason })),
        ...(corrects.length > 0 && { corrects })
      }
    })
}

/** Words where there is no tokenizer, and where the text does not survive it: a critic is judged on every answer. */
function offsetsOf(text: string, tokenizer: PolicyTokenizer | null): [number, number][] {
  const placed = tokenizer?.withOffsets(text)
  const offsets = placed && !isUnfaithful(placed) ? placed.offsets : wordOffsets(text)
  return offsets.map(([start, end]) => [start, end])
}

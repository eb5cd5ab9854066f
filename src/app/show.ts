import type { ResponseRecord } from '../pipeline/annotate/record'
import { Failure } from '../pipeline/failure'
import { documentsAfter, getDocument, type DocumentRow } from '../store/documents'
import type { Project } from '../store/project'
import { getResponse, responsesOfDocument } from '../store/responses'
import { responseRecord } from './export-file'

export interface ShownDocument {
  readonly id: string
  readonly split: string
  readonly messages: DocumentRow['messages']
  readonly passages: DocumentRow['passages']
  readonly extra: DocumentRow['extra']
  readonly responses: readonly ResponseRecord[]
}

/** One answer with its document, or every document with its answers. @throws Failure not-found */
export function showRecords(project: Project, responseId?: string): ShownDocument[] {
  return project.read((db) => {
    const shown = (document: DocumentRow, only?: string): ShownDocument => ({
      id: document.documentId,
      split: document.split,
      messages: document.messages,
      passages: document.passages,
      extra: document.extra,
      responses: responsesOfDocument(db, document.documentId)
        .filter((row) => only === undefined || row.responseId === only)
        .map((row) => responseRecord(db, row))
    })
    if (responseId === undefined)
      return documentsAfter(db, 0, Number.MAX_SAFE_INTEGER).map((document) => shown(document))
    const response = getResponse(db, responseId)
    const document = response && getDocument(db, response.documentId)
    if (!document)
      throw new Failure(
        'not-found',
        `${project.name} has no answer ${responseId}; text2grad show lists them.`
      )
    return [shown(document, responseId)]
  })
}

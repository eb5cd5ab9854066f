import type { CancelSignal } from '../contract/critic'
import type { ExportSummary } from '../contract/ipc'
import type { Progress } from '../contract/job'
import { documentLine, responseLine, t2gHeader, t2gJsonl } from '../formats/t2g-jsonl'
import type { AnnotationRecord, ResponseRecord, SpanRecord } from '../pipeline/annotate/record'
import { Failure } from '../pipeline/failure'
import { annotationsOf } from '../store/annotations'
import { countAll } from '../store/counts'
import type { Db } from '../store/database'
import { documentsAfter, type DocumentRow } from '../store/documents'
import { openProject } from '../store/project'
import { responsesOfDocument, type ResponseRow } from '../store/responses'
import { spansOf, type SpanRow } from '../store/spans'
import { AtomicFile, type WriteBytes } from '../files/atomic-file'

export interface ExportOptions {
  readonly format?: string
  readonly signal?: CancelSignal
  readonly onProgress?: (progress: Progress) => void
  readonly writeBytes?: WriteBytes
}

/** Our own format holds everything, and `jsonl` means it too. */
const exportNames = new Set([t2gJsonl.name, ...t2gJsonl.aliases, 'jsonl'])

const pageSize = 200

/**
 * Writes a project as it stands at this moment to one file; what the format cannot hold is listed. Beside a writer
 * it reads one snapshot.
 * @throws Failure unknown-format, those of `openProject` and `AtomicFile`, cancelled
 */
export async function exportFile(
  projectFile: string,
  out: string,
  options: ExportOptions = {}
): Promise<ExportSummary> {
  const { format = t2gJsonl.name, signal, onProgress, writeBytes } = options
  if (!exportNames.has(format.toLowerCase()))
    throw new Failure('unknown-format', `There is no export format "${format}"; choose ${t2gJsonl.name}.`)
  const project = openProject(projectFile, { readOnly: true })
  let file: AtomicFile | undefined
  try {
    file = new AtomicFile(out, writeBytes)
    project.db.exec('BEGIN')
    const totals = { records: 0, spans: 0 }
    const total = project.read((db) => countAll(db).documents)
    let done = 0
    file.write(`${JSON.stringify(t2gHeader)}\n`)
    for (let after = 0; ;) {
      const page = project.read((db) => documentsAfter(db, after, pageSize))
      if (page.length === 0) break
      for (const document of page) file.write(project.read((db) => linesOf(db, document, totals)))
      after = page[page.length - 1].position
      onProgress?.({ done: (done += page.length), total, unit: 'documents', note: 'exporting' })
      await new Promise(setImmediate)
      if (signal?.aborted) throw new Failure('cancelled', 'The export was cancelled; no file was written.')
    }
    file.commit()
    return { format: t2gJsonl.name, ...totals, lost: [], path: out }
  } finally {
    file?.discard()
    project.close()
  }
}

function linesOf(db: Db, document: DocumentRow, totals: { records: number; spans: number }): string {
  const { documentId: id, split, messages, passages, extra } = document
  const lines = [documentLine({ id, split, messages, passages, extra, responses: [] })]
  const responses = responsesOfDocument(db, id).map((row) => responseRecord(db, row))
  for (const response of responses) {
    lines.push(responseLine(id, response))
    for (const { spans } of response.annotations) totals.spans += spans.length
  }
  totals.records += lines.length
  return `${lines.join('\n')}\n`
}

/** An answer as the canonical record: with every annotation, retracted ones too. */
export function responseRecord(db: Db, row: ResponseRow): ResponseRecord {
  const annotations = annotationsOf(db, row.responseId).map((annotation): AnnotationRecord => ({
    id: annotation.annotationId,
    person: { name: annotation.person, kind: annotation.kind },
    status: annotation.status,
    critique: annotation.critique,
    ...(annotation.guideline ? { guideline: annotation.guideline } : {}),
    ...(annotation.base ? { base: annotation.base } : {}),
    ...(annotation.retracted ? { retracted: true } : {}),
    spans: spansOf(db, annotation.annotationId).map(spanRecord)
  }))
  return {
    id: row.responseId,
    text: row.text,
    source: row.source,
    extra: row.extra,
    ...(row.sampling ? { sampling: row.sampling } : {}),
    annotations
  }
}

function spanRecord(row: SpanRow): SpanRecord {
  const { spanId: id, start, end, quote, polarity, reason, category, confidence, base, retracted } = row
  return {
    id,
    start,
    end,
    quote,
    polarity,
    ...(reason ? { reason } : {}),
    ...(category ? { category } : {}),
    ...(confidence === null ? {} : { confidence }),
    ...(base ? { base } : {}),
    ...(retracted ? { retracted: true } : {})
  }
}

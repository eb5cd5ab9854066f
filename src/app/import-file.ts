import { existsSync, rmSync } from 'node:fs'
import type { CancelSignal } from '../contract/critic'
import { toFailure } from '../contract/errors'
import type { ImportSummary, RejectedRecord } from '../contract/ipc'
import type { Progress } from '../contract/job'
import { parseRecord, type RawRecord } from '../formats/split-records'
import type { DocumentRecord, PersonRecord } from '../pipeline/annotate/record'
import { forgetLongText } from '../pipeline/annotate/long-text'
import { Failure } from '../pipeline/failure'
import { drawSplit, type Split, type SplitCounts } from '../pipeline/optimise/split'
import type { Db } from '../store/database'
import { appendEntry } from '../store/history'
import { openProject, type Project } from '../store/project'
import { RecordWriter } from '../store/record-writer'
import { explain } from '../store/sqlite-failure'
import { Staging } from '../store/staging'
import { indexSearch } from './index-search'
import { RecordFile } from './record-file'
import { recordName, scanFile, type Scan } from './scan-file'

export interface ImportOptions {
  /** `auto`, or the name of a format. */
  readonly format?: string
  /** Whose annotations these are, where the file does not say. */
  readonly annotator?: string
  /** Tells what would happen, and keeps nothing. */
  readonly dryRun?: boolean
  /** Any rejected record refuses the whole file. */
  readonly strict?: boolean
  /** Draws the split by lot; else a document's id decides. A record that says its own, or is known already, keeps it. */
  readonly split?: { readonly counts: SplitCounts; readonly seed: number }
  readonly signal?: CancelSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface ImportResult extends ImportSummary {
  /** Answers and annotations that the project had already. */
  readonly known: number
  /** New documents of each side, where the split was drawn. */
  readonly split?: Readonly<Record<Split, number>>
  readonly rejected: readonly (RejectedRecord & { readonly code: string })[]
}

/**
 * Reads a file into a project file, which is made if it is absent; a failure leaves it as it was, or absent. The file
 * is read twice: first to see whether it is whole, then record by record in one transaction.
 * @throws Failure those of `scanFile` and `openProject`, disk-full, cancelled
 */
export async function importIntoFile(
  path: string,
  projectFile: string,
  options: ImportOptions = {}
): Promise<ImportResult> {
  const file = new RecordFile(path)
  const scan = await firstReading(file, options)
  const isNew = !existsSync(projectFile)
  const project = openProject(projectFile, { create: true })
  let keep = !isNew
  try {
    project.read((db) => db.exec('BEGIN IMMEDIATE'))
    try {
      const result = await readRecords(file, scan, project.db, project.db, options)
      if (!options.dryRun) writeHistory(project.db, file, result, options)
      project.read((db) => db.exec(options.dryRun ? 'ROLLBACK' : 'COMMIT'))
      keep ||= !options.dryRun
      if (!options.dryRun) await indexSearch(project).catch(() => undefined)
      return result
    } catch (thrown) {
      if (project.db.inTransaction) project.db.exec('ROLLBACK')
      throw explain(thrown, project.file)
    }
  } finally {
    project.close()
    if (!keep)
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(project.file + suffix, { force: true })
  }
}

/**
 * Reads a file into a project in which people are working: it is prepared beside it, and joins it at the end in one
 * transaction. Between two batches others have their turn.
 */
export async function importBeside(
  project: Project,
  path: string,
  options: ImportOptions = {}
): Promise<ImportResult> {
  const file = new RecordFile(path)
  const scan = await firstReading(file, options)
  let staging: Staging | undefined
  try {
    staging = Staging.beside(project)
    staging.db.exec('BEGIN')
    const result = await readRecords(file, scan, staging.db, project.db, options)
    staging.db.exec('COMMIT')
    if (!options.dryRun) staging.join(project, (db) => writeHistory(db, file, result, options))
    return result
  } catch (thrown) {
    throw explain(thrown, project.file)
  } finally {
    staging?.discard()
  }
}

function firstReading(
  file: RecordFile,
  { format = 'auto', signal, onProgress }: ImportOptions
): Promise<Scan> {
  return scanFile(file, format, signal, (done) =>
    onProgress?.({ done, total: file.bytes, unit: 'bytes', note: `reading ${file.name}` })
  )
}

/** The second reading. `db` takes the rows; `project` is where rows may be already. */
async function readRecords(
  file: RecordFile,
  scan: Scan,
  db: Db,
  project: Db,
  { annotator, strict, signal, onProgress, split }: ImportOptions
): Promise<ImportResult> {
  const defaultPerson: PersonRecord = annotator ? { name: annotator, kind: 'person' } : scan.format.person
  const writer = new RecordWriter(db, { at: new Date().toISOString(), defaultPerson, project })
  const read = scan.format.reader({ unit: scan.unit })
  const repaired: ImportResult['repaired'][number][] = []
  const rejected: ImportResult['rejected'][number][] = []
  const pause = turns(signal, file)
  const sideOf = split && drawSplit(scan.records, split.counts, split.seed)
  const sides: Record<Split, number> = { train: 0, dev: 0, test: 0 }
  let done = 0
  const write = (document: DocumentRecord, record: number): void => {
    const before = writer.counts.documents
    const side = document.split ?? sideOf?.(record)
    writer.write({ ...document, split: side })
    if (side) sides[side] += writer.counts.documents - before
  }
  const take = (raw: RawRecord): void => {
    const record = recordName(scan.layout, raw.number)
    done++
    try {
      const result = read(parseRecord(raw))
      if (result.document) write(result.document, done - 1)
      for (const what of result.repaired) repaired.push({ record, what })
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown
      rejected.push({ record, code: thrown.code, reason: file.sentence(record, thrown) })
    }
  }
  for await (const batch of file.batches(signal)) {
    for (const raw of batch.records) {
      take(raw)
      const others = pause()
      if (others) await others
    }
    onProgress?.({ done, total: scan.records, unit: 'records', note: `importing ${file.name}` })
  }
  if (strict && rejected.length > 0) throw refused(rejected, done)
  forgetLongText()
  const { documents, responses, annotations, spans, known } = writer.counts
  return {
    format: scan.format.name,
    offsetUnit: scan.unit,
    documents,
    responses,
    annotations,
    spans,
    known,
    ...(split && { split: sides }),
    repaired,
    rejected
  }
}

/** Milliseconds of work between two turns of others. */
const turn = 15

/** Lets others have their turn when one has been working for a while; notices that it was cancelled. */
function turns(signal: CancelSignal | undefined, file: RecordFile): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < turn) return undefined
    return new Promise<void>(setImmediate).then(() => {
      since = performance.now()
      if (signal?.aborted) throw file.cancelled()
    })
  }
}

function refused(rejected: ImportResult['rejected'], records: number): Failure {
  const [first] = rejected
  return new Failure(
    toFailure(first).code,
    `${rejected.length} of ${records} records cannot be taken, and nothing was written (--strict). The first: ${first.reason}`
  )
}

function writeHistory(
  db: Db,
  file: RecordFile,
  result: ImportResult,
  { annotator, split }: ImportOptions
): void {
  const { documents, responses, annotations, spans } = result
  const drawn = split ? `, split ${Object.values(result.split ?? {}).join('/')} by seed ${split.seed}` : ''
  appendEntry(db, {
    at: new Date().toISOString(),
    personId: null,
    kind: 'import',
    what: `import ${file.name} (${result.format}${annotator ? `, annotator ${annotator}` : ''}${drawn}): ${documents} documents, ${responses} answers, ${annotations} annotations, ${spans} spans`,
    responseId: null,
    annotationId: null,
    step: null,
    fold: null,
    patches: []
  })
}

import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { critiqueLine, type CriticInputLine, type CritiqueLine } from '../../contract/critic-lines'
import type { CriticPreview } from '../../contract/critic-preview'
import type { JobRequest } from '../../contract/job'
import { previewCritic } from '../../critics/llm/preview'
import { Failure } from '../../pipeline/failure'
import { openProject, type Project } from '../../store/project'
import { responsesOfDocument } from '../../store/responses'
import { AtomicFile } from '../../files/atomic-file'
import { testsOf } from '../code-tests'
import { readingOf } from '../open-to-read'
import { allDocuments } from '../runs/source'
import { absoluteCritic } from './fingerprint'
import { storePredictions, type StoredPredictions } from './store-predictions'

type ScoreRequest = Extract<JobRequest, { kind: 'score-critic' }>
export type ScoreOptions = Omit<ScoreRequest, 'kind' | 'inFile' | 'outFile'>
/** What the job answers. */
export interface Scored {
  readonly critic: string
  readonly version: string
  readonly answers: number
  readonly failed: number
  readonly seconds: number
}
type Host = (request: ScoreRequest) => Promise<unknown>

/** One line of the file a person gives: a prompt or messages, and the response; tests as in HumanEval. */
function inputOf(line: string, where: string): CriticInputLine {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new Failure('bad-json', `${where} is not valid JSON.`)
  }
  const record = (json ?? {}) as Readonly<Record<string, unknown>>
  const { prompt, response } = record
  if (typeof prompt !== 'string') throw new Failure('bad-record', `${where} has no "prompt" that is a text.`)
  if (typeof response !== 'string')
    throw new Failure('bad-record', `${where} has no "response" that is a text.`)
  return { messages: [{ role: 'user', content: prompt }], response, ...testsOf(record) }
}

/** Lines of a file, gunzipped if it is named `.gz`. @throws Failure not-found, not-a-file, empty-file, unreadable */
async function readInputs(file: string): Promise<CriticInputLine[]> {
  if (!existsSync(file)) throw new Failure('not-found', `There is no file ${file}.`)
  if (statSync(file).isDirectory())
    throw new Failure('not-a-file', `${file} is a folder, not a file of answers.`)
  const bytes = createReadStream(file)
  const text = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes
  // Without this an unreadable file would end the process: a pipe does not pass errors on.
  bytes.on('error', (error) => text.destroy(error))
  const inputs: CriticInputLine[] = []
  let number = 0
  try {
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) {
      number++
      const bare = number === 1 ? line.replace(/^\uFEFF/, '') : line
      if (bare.trim() !== '') inputs.push(inputOf(bare, `${file}, line ${number}`))
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('unreadable', `${file} could not be read (${(error as Error).message}).`)
  }
  if (inputs.length === 0) throw new Failure('empty-file', `${file} holds no answer.`)
  return inputs
}

/** What a job judges, and a place for what it says: plain data, so that another thread can prepare it. */
interface ScoringFolder {
  /** Thrown away at the end. */
  readonly folder: string
  readonly inFile: string
  readonly outFile: string
}

function writeInputs(inputs: readonly CriticInputLine[]): ScoringFolder {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-score-'))
  const files = { folder, inFile: join(folder, 'in.jsonl'), outFile: join(folder, 'out.jsonl') }
  try {
    writeFileSync(files.inFile, inputs.map((input) => JSON.stringify(input) + '\n').join(''))
    return files
  } catch (error) {
    discardScoring(files)
    throw error
  }
}

export const discardScoring = ({ folder }: Pick<ScoringFolder, 'folder'>): void =>
  rmSync(folder, { recursive: true, force: true })

export const scoringRequest = (
  { inFile, outFile }: ScoringFolder,
  { critic, ...options }: ScoreOptions
): ScoreRequest => ({ kind: 'score-critic', critic: absoluteCritic(critic), inFile, outFile, ...options })

/** Lines after which others have their turn. */
const batch = 200

/** What the job said, a critique for each answer. */
async function readCritiques({ outFile }: ScoringFolder): Promise<CritiqueLine[]> {
  const critiques: CritiqueLine[] = []
  for (const line of readFileSync(outFile, 'utf8').split('\n')) {
    if (line === '') continue
    critiques.push(critiqueLine.parse(JSON.parse(line)))
    if (critiques.length % batch === 0) await new Promise(setImmediate)
  }
  return critiques
}

/** Judges the answers of a file into another: one line for each line that is not empty, in order; all or nothing. */
export async function scoreFile(
  file: string,
  out: string,
  options: ScoreOptions,
  host: Host
): Promise<Scored> {
  const work = writeInputs(await readInputs(file))
  let target: AtomicFile | undefined
  try {
    const result = (await host(scoringRequest(work, options))) as Scored
    const critiques = await readCritiques(work)
    target = new AtomicFile(out)
    for (const critique of critiques) target.write(JSON.stringify(critique) + '\n')
    target.commit()
    return result
  } finally {
    target?.discard()
    discardScoring(work)
  }
}

/** The answers of a project, in order; those of one split, or all. */
function projectInputs(project: Project, split: string) {
  return project.read((db) =>
    allDocuments(db)
      .filter((document) => split === 'all' || document.split === split)
      .flatMap(({ documentId, messages, extra: about }) =>
        responsesOfDocument(db, documentId).map(({ responseId, text, extra }) => ({
          responseId,
          input: {
            messages: messages.map(({ role, content }) => ({ role, content })),
            response: text,
            ...testsOf(extra, about)
          }
        }))
      )
  )
}

/** The answers of a project, written down to be judged. */
export interface ScoringWork extends ScoringFolder {
  readonly responseIds: readonly string[]
}

/** @throws Failure nothing-to-train where the split has no answer */
export function prepareScoring(project: Project, split: string): ScoringWork {
  const asked = projectInputs(project, split)
  if (asked.length === 0) throw new Failure('nothing-to-train', 'The project has no answer to judge.')
  return {
    ...writeInputs(asked.map(({ input }) => input)),
    responseIds: asked.map(({ responseId }) => responseId)
  }
}

/** Stores what a job said of a project's answers as its critic's predictions. @throws Failure as `storePredictions` */
export async function takeScores(
  project: Project,
  work: ScoringWork,
  result: Scored
): Promise<Scored & StoredPredictions> {
  const critiques = await readCritiques(work)
  const predictions = critiques.map((critique, index) => ({ responseId: work.responseIds[index], critique }))
  return { ...result, ...(await storePredictions(project, result, predictions)) }
}

/** Judges the answers of a project given by its path, which is open only while it is read or written. */
export async function scoreProject(
  file: string,
  { split, ...options }: ScoreOptions & { readonly split: string },
  host: Host
): Promise<Scored & StoredPredictions> {
  const work = await readingOf(file, (project) => prepareScoring(project, split))
  try {
    const result = (await host(scoringRequest(work, options))) as Scored
    const project = openProject(file)
    try {
      return await takeScores(project, work, result)
    } finally {
      project.close()
    }
  } finally {
    discardScoring(work)
  }
}

/** What scoring would send, of a file or of a project; null for critics that send nothing. Sends nothing itself. */
export async function previewScore(
  from: { readonly file: string } | { readonly project: string; readonly split: string },
  critic: string,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (!critic.startsWith('llm:')) return null
  const inputs =
    'file' in from
      ? await readInputs(from.file)
      : await readingOf(from.project, (project) =>
          projectInputs(project, from.split).map(({ input }) => input)
        )
  return previewCritic(
    absoluteCritic(critic),
    inputs.map(({ messages, response }) => ({ prompt: messages, response })),
    { allowedHosts }
  )
}

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
import { AtomicFile } from '../atomic-file'
import { testsOf } from '../code-tests'
import { openToRead } from '../open-to-read'
import { allDocuments } from '../runs/source'
import { absoluteCritic } from './fingerprint'
import { storePredictions, type StoredPredictions } from './store-predictions'

type ScoreRequest = Extract<JobRequest, { kind: 'score-critic' }>
export type ScoreOptions = Omit<ScoreRequest, 'kind' | 'inFile' | 'outFile'>
/** What the job answers. */
interface Scored {
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

/** Has a host do the job on inputs; the folder in between is thrown away. */
async function scored(
  inputs: readonly CriticInputLine[],
  { critic, ...options }: ScoreOptions,
  host: Host
): Promise<{ result: Scored; critiques: CritiqueLine[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-score-'))
  try {
    const [inFile, outFile] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')]
    writeFileSync(inFile, inputs.map((input) => JSON.stringify(input) + '\n').join(''))
    const request = { kind: 'score-critic', critic: absoluteCritic(critic), inFile, outFile } as const
    const result = (await host({ ...request, ...options })) as Scored
    const lines = readFileSync(outFile, 'utf8').split('\n')
    const critiques = lines.filter((line) => line !== '').map((line) => critiqueLine.parse(JSON.parse(line)))
    return { result, critiques }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Judges the answers of a file into another: one line for each line that is not empty, in order; all or nothing. */
export async function scoreFile(
  file: string,
  out: string,
  options: ScoreOptions,
  host: Host
): Promise<Scored> {
  const { result, critiques } = await scored(await readInputs(file), options, host)
  const target = new AtomicFile(out)
  try {
    for (const critique of critiques) target.write(JSON.stringify(critique) + '\n')
    target.commit()
  } catch (error) {
    target.discard()
    throw error
  }
  return result
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

/** The same for a project that is open. @throws Failure nothing-to-train where the split has no answer */
export async function scoreInto(
  project: Project,
  { split, ...options }: ScoreOptions & { readonly split: string },
  host: Host
): Promise<Scored & StoredPredictions> {
  const asked = projectInputs(project, split)
  if (asked.length === 0) throw new Failure('nothing-to-train', 'There is no answer to judge.')
  const inputs = asked.map(({ input }) => input)
  const { result, critiques } = await scored(inputs, options, host)
  const predictions = critiques.map((critique, index) => ({ responseId: asked[index].responseId, critique }))
  return { ...result, ...storePredictions(project, result, predictions) }
}

/** Judges the answers of a project and stores what the critic says as its predictions. */
export async function scoreProject(
  file: string,
  { split, ...options }: ScoreOptions & { readonly split: string },
  host: Host
): Promise<Scored & StoredPredictions> {
  const reading = openToRead(file)
  let asked: ReturnType<typeof projectInputs>
  try {
    asked = projectInputs(reading, split)
  } finally {
    reading.close()
  }
  if (asked.length === 0) throw new Failure('nothing-to-train', 'The project has no answer to judge.')
  const { result, critiques } = await scored(
    asked.map(({ input }) => input),
    options,
    host
  )
  const project = openProject(file)
  try {
    const predictions = critiques.map((critique, index) => ({
      responseId: asked[index].responseId,
      critique
    }))
    return { ...result, ...storePredictions(project, result, predictions) }
  } finally {
    project.close()
  }
}

/** What scoring would send, of a file or of a project; null for critics that send nothing. Sends nothing itself. */
export async function previewScore(
  from: { readonly file: string } | { readonly project: string; readonly split: string },
  critic: string,
  allowedHosts: readonly string[]
): Promise<CriticPreview | null> {
  if (!critic.startsWith('llm:')) return null
  const inputs = 'file' in from ? await readInputs(from.file) : readProject(from.project, from.split)
  return previewCritic(
    absoluteCritic(critic),
    inputs.map(({ messages, response }) => ({ prompt: messages, response })),
    { allowedHosts }
  )
}

function readProject(file: string, split: string): CriticInputLine[] {
  const project = openToRead(file)
  try {
    return projectInputs(project, split).map(({ input }) => input)
  } finally {
    project.close()
  }
}

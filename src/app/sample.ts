import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { JobRequest } from '../contract/job'
import { sampledAnswer } from '../contract/sampled-answer'
import { Failure } from '../pipeline/failure'
import { hash32 } from '../pipeline/optimise/split'
import { appendEntry } from '../store/history'
import type { Project } from '../store/project'
import { RecordWriter } from '../store/record-writer'
import { openFolderTokenizer } from './align/open-tokenizer'
import { templateFor } from './runs/model'
import { projectSource } from './runs/source'

export interface SampleOptions {
  readonly model: string
  readonly adapter: string | null
  readonly template: 'tokenizer' | 'plain' | 'none'
  /** Answers in all, one a prompt and then round again. */
  readonly count: number
  readonly seed: number
  readonly maxNewTokens: number
  readonly temperature: number
  readonly base?: SampleRequest['base']
  readonly threads: number
  readonly device?: string
  readonly spinning?: boolean
  readonly fallback?: 'none' | 'cpu'
}

type SampleRequest = Extract<JobRequest, { kind: 'sample' }>

/**
 * The policy's own answers into the project, ready to be annotated: `ask` writes down what the job needs, the host
 * does the job, `take` reads its answers into the project. The folder in between is thrown away.
 */
export class SampleWork {
  private readonly folder = mkdtempSync(join(tmpdir(), 'text2grad-sample-'))
  readonly request: SampleRequest

  /** @throws Failure nothing-to-train when the project has no prompt */
  constructor(
    project: Project,
    private readonly options: SampleOptions
  ) {
    const prompts = inOrder(projectSource(project).prompts('all'), options.seed).slice(0, options.count)
    if (prompts.length === 0) {
      this.discard()
      throw new Failure('nothing-to-train', 'The project has no prompt to answer: import some first.')
    }
    const promptsFile = join(this.folder, 'prompts.jsonl')
    writeFileSync(promptsFile, prompts.map((prompt) => JSON.stringify(prompt) + '\n').join(''))
    this.request = {
      kind: 'sample',
      model: resolve(options.model),
      adapter: options.adapter === null ? null : resolve(options.adapter),
      template: templateFor(openFolderTokenizer(options.model).tokenizer, options.template),
      promptsFile,
      outFile: join(this.folder, 'answers.jsonl'),
      samplesPerPrompt: Math.ceil(options.count / prompts.length),
      maxNewTokens: options.maxNewTokens,
      temperature: options.temperature,
      seed: options.seed,
      base: options.base,
      threads: options.threads,
      device: options.device ?? 'cpu',
      spinning: options.spinning,
      fallback: options.fallback
    }
  }

  /** All of the answers or, if one is refused, none. */
  take(project: Project): { responses: number } {
    const lines = readFileSync(this.request.outFile, 'utf8').split('\n')
    const answers = lines.filter((line) => line !== '').map((line) => sampledAnswer.parse(JSON.parse(line)))
    const source = basename(this.request.adapter ?? this.request.model)
    return project.write((db) => {
      const defaultPerson = { name: source, kind: 'model' } as const
      const writer = new RecordWriter(db, { at: new Date().toISOString(), defaultPerson })
      for (const { promptId, text, ...sampling } of answers.slice(0, this.options.count))
        writer.writeResponse(promptId, { text, source, extra: {}, sampling, annotations: [] })
      const { responses } = writer.counts
      const what = `sample ${responses} answers from ${source}, seed ${this.options.seed}`
      const nobody = { personId: null, responseId: null, annotationId: null, step: null, fold: null }
      appendEntry(db, { ...nobody, at: new Date().toISOString(), kind: 'sample', what, patches: [] })
      return { responses }
    })
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A fixed order that differs by seed, so that a few answers are spread over the project. */
const inOrder = <T extends { id: string }>(prompts: readonly T[], seed: number): T[] =>
  [...prompts].sort((a, b) => hash32(`${seed} ${a.id}`) - hash32(`${seed} ${b.id}`))

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CriticEvaluation, EvaluationResult } from '../../contract/critic-evaluation'
import type { JobRequest } from '../../contract/job'
import { Failure } from '../../pipeline/failure'
import type { Split } from '../../pipeline/optimise/split'
import type { Project } from '../../store/project'
import { openFolderTokenizer } from '../align/open-tokenizer'
import { AtomicFile } from '../atomic-file'
import { openToRead } from '../open-to-read'
import { sha256 } from '../sha256'
import { evaluationsFolderOf } from './evaluations'
import { absoluteCritic, criticFingerprint, readCritic } from './fingerprint'
import { requireUnlearned } from './learned'
import { markedAnswers } from './marked-answers'

export interface EvaluateOptions {
  readonly critic: string
  readonly split: Split
  /** Folder of the tokenizer whose tokens are counted; null is the trained critic's own, or words. */
  readonly tokenizer: string | null
  readonly seed: number
  readonly resamples?: number
  readonly threads: number
  readonly device?: string
  readonly allowedHosts?: readonly string[]
}

type EvaluateRequest = Extract<JobRequest, { kind: 'evaluate-critic' }>

/**
 * A critic measured on a project: the constructor writes down what the job needs, a host does the job, `keep` puts its
 * figures where the window and the gate find them. The folder in between is thrown away.
 */
export class EvaluationWork {
  private readonly folder = mkdtempSync(join(tmpdir(), 'text2grad-evaluate-'))
  readonly request: EvaluateRequest
  private readonly head: Omit<CriticEvaluation, 'quality' | 'critic' | 'evaluatedAt'>
  private readonly file: string

  /**
   * @throws Failure nothing-to-train where nobody marked an answer of the split, bad-input where the critic was made
   *   from answers of the split, and what reading may throw
   */
  constructor(
    project: Project,
    private readonly options: EvaluateOptions
  ) {
    try {
      const critic = absoluteCritic(options.critic)
      requireUnlearned(project, critic, options.split)
      const tokenizer = tokenizerOf(critic, options.tokenizer)
      const { answers, splitSha256 } = markedAnswers(project, options.split, tokenizer?.tokenizer ?? null)
      if (!answers.some(({ use }) => use === 'evaluate'))
        throw new Failure(
          'nothing-to-train',
          `No answer of the ${options.split} split has been marked by a person: submit some first.`
        )
      const lines = answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')
      const answersFile = join(this.folder, 'answers.jsonl')
      writeFileSync(answersFile, lines)
      this.file = evaluationsFolderOf(project.file)
      this.head = {
        version: 1,
        split: options.split,
        splitSha256,
        dataSha256: sha256(lines),
        tokens: tokenizer?.hash ?? 'words',
        seed: options.seed
      }
      this.request = {
        kind: 'evaluate-critic',
        critic,
        answersFile,
        seed: options.seed,
        resamples: options.resamples ?? 1000,
        threads: options.threads,
        device: options.device ?? 'cpu',
        allowedHosts: options.allowedHosts && [...options.allowedHosts]
      }
    } catch (error) {
      this.discard()
      throw error
    }
  }

  /** Writes the evaluation beside the project; a later one of the same critic and split takes its place. */
  keep({ id, version, quality }: EvaluationResult): CriticEvaluation {
    const fingerprint = criticFingerprint(this.request.critic)
    const evaluation: CriticEvaluation = {
      ...this.head,
      critic: { specification: this.request.critic, id, version, fingerprint },
      evaluatedAt: new Date().toISOString(),
      quality
    }
    mkdirSync(this.file, { recursive: true })
    const name = `${sha256(fingerprint).slice(0, 16)}-${this.options.split}.json`
    const out = new AtomicFile(join(this.file, name))
    try {
      out.write(`${JSON.stringify(evaluation, null, 1)}\n`)
      out.commit()
    } finally {
      out.discard()
    }
    return evaluation
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function tokenizerOf(critic: string, asked: string | null): ReturnType<typeof openFolderTokenizer> | null {
  if (asked !== null) return openFolderTokenizer(asked)
  return critic.startsWith('trained:')
    ? openFolderTokenizer(readCritic(critic.slice('trained:'.length)).base.dir)
    : null
}

/** For the command line: the project is open only while it is read, never while the critic works. */
export async function evaluateOn(
  file: string,
  options: EvaluateOptions,
  host: (request: EvaluateRequest) => Promise<unknown>
): Promise<CriticEvaluation> {
  const project = openToRead(file)
  let work: EvaluationWork
  try {
    work = new EvaluationWork(project, options)
  } finally {
    project.close()
  }
  try {
    return work.keep((await host(work.request)) as EvaluationResult)
  } finally {
    work.discard()
  }
}

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CancelSignal } from '../../contract/critic'
import type { RunPlan } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import { writeWhole } from '../../files/atomic-file'
import { Failure } from '../../pipeline/failure'
import { importIntoFile, type ImportResult } from '../import-file'
import { unusedFolder } from '../new-folder'
import { readReview, renderReport } from '../review/report'
import { reviewRequest } from '../review/review'
import { finalAdapter, readRunDetail } from '../runs/folder'
import { noteRunOf, planRunOf, startRunOf } from '../runs/project'
import { truthSection } from './demo-report'
import {
  demoAnswerLength,
  demoConfig,
  demoControls,
  demoFiles,
  seedCount,
  type DemoControl
} from './demo-runs'
import { summariseTruth, type SeedTruths, type TruthSummary } from './gain'
import type { Truth } from './truth'
import { truthOfFile } from './truth-file'

/** The five steps, by their words. */
export type DemoStep = 'annotate' | 'align' | 'reward' | 'optimise' | 'review'

/** What the demo needs of its host: jobs done in another process, and somebody to tell. */
export interface DemoHost {
  runJob(request: JobRequest, doing: string): Promise<unknown>
  tell(step: DemoStep, line: string): void
  readonly signal: CancelSignal
}

export interface DemoOptions {
  /** The folder `resources` of the program. */
  readonly resources: string
  /** A folder that is new or empty. */
  readonly out: string
  /** The first of three seeds that follow one another. */
  readonly seed: number
}

export interface DemoSummary extends TruthSummary {
  readonly project: string
  readonly report: string
  readonly runs: readonly string[]
  readonly answers: number
  readonly spans: RunPlan['spans']
  readonly tokens: number
  readonly tokensRewarded: number
  readonly seconds: number
}

/**
 * The main job on the bundled project, start to end: annotate → align → reward → optimise → review, with three seeds
 * and, beside each, the same training on marks that were moved within their answers.
 * @throws Failure bad-input when the folder is used, not-found without the program's files, cancelled, and what its
 *   steps throw
 */
export async function runDemo(
  { resources, out, seed: firstSeed }: DemoOptions,
  host: DemoHost
): Promise<DemoSummary> {
  const started = performance.now()
  const folder = unusedFolder(out, 'name a new folder for the demo')
  const files = demoFiles(resources)
  const absent = Object.values(files).find((path) => !existsSync(path))
  if (absent) throw new Failure('not-found', `The program lacks its own ${absent}: install it again.`)
  const seeds = Array.from({ length: seedCount }, (_, index) => firstSeed + index)
  mkdirSync(folder, { recursive: true })
  const project = join(folder, 'Sample project.t2g')

  const imported = await importIntoFile(files.answers, project, { strict: true, signal: host.signal })
  const plan = await planRunOf(project, demoConfig(files.model, seeds[0], 'none'))
  tellPlan(host, imported, plan)

  const runOf = (seed: number, control: DemoControl): string =>
    join(folder, 'runs', `${control === 'none' ? 'marks' : 'shuffled'}-seed-${seed}`)
  /** The truth of the answers at temperature 1 and of the likeliest answers (temperature 0). */
  const measure = async (seed: number, adapter: string | null, name: string): Promise<Truths> => {
    const at = async (temperature: number, file: string): Promise<Truth[]> => {
      const outFile = join(folder, file)
      const request = sampleRequest(files, { seed, adapter, outFile, temperature })
      await host.runJob(request, `seed ${seed}, ${name}: answering`)
      return truthOfFile(files.prompts, outFile)
    }
    const truths = {
      sampled: await at(1, `answers-seed-${seed}-${name}.jsonl`),
      likeliest: await at(0, `likeliest-seed-${seed}-${name}.jsonl`)
    }
    host.tell(
      'optimise',
      `seed ${seed}, ${name}: truth score ${score(truths.sampled)}, of the likeliest answers ${score(truths.likeliest)}`
    )
    return truths
  }
  const learn = async (seed: number, control: DemoControl): Promise<Truths> => {
    const name = control === 'none' ? 'after' : 'shuffled'
    const { dir } = startRunOf(project, demoConfig(files.model, seed, control), runOf(seed, control))
    await host.runJob({ kind: 'train', runDir: dir }, `seed ${seed}, ${name}: training`)
    noteRunOf(project, dir)
    if (host.signal.aborted)
      throw new Failure('cancelled', `The demo was stopped; its runs are in ${folder}.`)
    return measure(seed, finalAdapter(dir), name)
  }

  const sampled: SeedTruths[] = []
  const likeliest: SeedTruths[] = []
  for (const seed of seeds) {
    const before = await measure(seed, null, 'before')
    const after = await learn(seed, 'none')
    const shuffled = await learn(seed, 'shuffle')
    const of = (kind: keyof Truths): SeedTruths => ({
      seed,
      before: before[kind],
      after: after[kind],
      shuffled: shuffled[kind]
    })
    sampled.push(of('sampled'))
    likeliest.push(of('likeliest'))
  }

  const summary = summariseTruth(sampled, likeliest)
  const shown = runOf(seeds[0], 'none')
  await host.runJob(reviewRequest(shown), 'review')
  const report = join(folder, 'report.html')
  writeWhole(report, renderReport(readRunDetail(shown), readReview(shown), truthSection(summary)))
  host.tell('review', `the same prompts before and after, in ${report}`)
  return {
    ...summary,
    project,
    report,
    runs: seeds.flatMap((seed) => demoControls.map((control) => runOf(seed, control))),
    answers: plan.answers,
    spans: plan.spans,
    tokens: plan.tokens,
    tokensRewarded: plan.tokensRewarded,
    seconds: (performance.now() - started) / 1000
  }
}

function tellPlan(host: DemoHost, imported: ImportResult, plan: RunPlan): void {
  const { good, poor } = plan.spans
  host.tell(
    'annotate',
    `${imported.responses} answers of the starter model, ${imported.annotations} of them marked: sample (scripted)`
  )
  host.tell(
    'align',
    `${plan.answers} answers to train on (${plan.heldOut} held out): ${good} good and ${poor} poor spans on ${plan.tokens} tokens, ${plan.unaligned} not placed`
  )
  host.tell('reward', `${plan.tokensRewarded} tokens carry a reward, each the first of its span`)
}

interface Truths {
  readonly sampled: Truth[]
  readonly likeliest: Truth[]
}

const sampleRequest = (
  { model, prompts }: ReturnType<typeof demoFiles>,
  what: { seed: number; adapter: string | null; outFile: string; temperature: number }
): JobRequest => ({
  kind: 'sample',
  model,
  ...what,
  template: 'tokenizer',
  promptsFile: prompts,
  samplesPerPrompt: 1,
  maxNewTokens: demoAnswerLength,
  threads: 2,
  device: 'cpu'
})

const score = (truths: readonly Truth[]): string =>
  (truths.reduce((sum, truth) => sum + truth.score, 0) / truths.length).toFixed(3)

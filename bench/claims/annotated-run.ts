import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importIntoFile } from '../../src/app/import-file'
import { startRunOf } from '../../src/app/runs/project'
import { configFor } from '../../src/app/runs/runs'
import type { RunConfigInput } from '../../src/contract/run-config'
import { RunFolder } from '../../src/jobs/run/folder'
import { openAnnotatedLoop } from '../../src/jobs/run/annotated'
import { sharedPath } from '../../tests/shared-data'
import { storyModel } from './stories'

/** `content`: sentences with a digit are poor, by the rules critic. `people`: the spans that people marked. */
export type Labels = 'content' | 'people'

const digitRules = {
  version: 1,
  rules: [{ pattern: '[0-9]', scope: 'sentence', polarity: -1, reason: 'has a digit' }]
}

/** Settings of the claims, on top of the product's defaults. */
export const annotatedSettings: Partial<RunConfigInput> = {
  template: 'none',
  source: 'annotated',
  batch: 8,
  steps: 60,
  evaluateEvery: 60,
  optimizer: { learningRate: 1e-3 },
  algorithm: { epochs: 1 }
}

export interface AnnotatedResult {
  readonly metrics: Readonly<Record<string, number>>
  /** Answers left out before training, by reason. */
  readonly dropped: readonly { readonly reason: string; readonly count: number }[]
  readonly seconds: number
}

/** Imports qa_feedback_300 into a project of its own. @returns the project's path */
export async function importFeedback(dir: string): Promise<string> {
  mkdirSync(dir, { recursive: true })
  const project = join(dir, 'feedback.t2g')
  await importIntoFile(sharedPath('data/qa_feedback_300.json'), project)
  return project
}

/** Trains on the stored answers with one seed and gives the last evaluation. */
export async function trainFeedback(
  project: string,
  labels: Labels,
  seed: number,
  settings: Partial<RunConfigInput> = {}
): Promise<AnnotatedResult> {
  const dir = mkdtempSync(join(tmpdir(), 'text2grad-claim-'))
  try {
    const rules = join(dir, 'rules.json')
    writeFileSync(rules, JSON.stringify(digitRules))
    const config = configFor(null, {
      ...annotatedSettings,
      ...settings,
      version: 1,
      seed,
      model: storyModel(),
      critic: labels === 'content' ? `rules:${rules}` : null,
      algorithm: { name: 'span-offline', ...annotatedSettings.algorithm, ...settings.algorithm }
    })
    const folder = RunFolder.open(startRunOf(project, config, join(dir, 'run')).dir)
    const began = performance.now()
    const loop = await openAnnotatedLoop(folder)
    let last: Readonly<Record<string, number>> = {}
    for (let step = 1; step <= config.steps; step++) {
      const { metrics } = await loop.step(step)
      if ('train/kl' in metrics) last = metrics
    }
    return { metrics: last, dropped: folder.resolved.dropped, seconds: (performance.now() - began) / 1000 }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

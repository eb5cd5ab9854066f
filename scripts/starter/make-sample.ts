/**
 * Makes resources/sample-project and resources/held-out-prompts.jsonl again: the starter model's own answers, mistakes
 * and all, marked by a script. The answers and marks are the same every time; times and history ids differ.
 *
 *   npx tsx scripts/starter/make-sample.ts [--model resources/starter-model] [--resources resources]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { importIntoFile } from '../../src/app/import-file'
import { sampledAnswer } from '../../src/contract/sampled-answer'
import { documentLine, responseLine, t2gHeader } from '../../src/formats/t2g-jsonl'
import { sampleAnswers } from '../../src/jobs/sample'
import type { AnnotationRecord } from '../../src/pipeline/annotate/record'
import { chance } from '../../src/pipeline/optimise/chance'
import { splitOf } from '../../src/pipeline/optimise/split'
import { annotate } from './annotator'
import { type Card, drawCard, promptOf } from './world'

/** Answers that come marked, and answers that are left for a person to mark. */
const marked = 160
const unread = 24
const heldOut = 200
/** Apart from the seed of the lessons, so that the cards are others. */
const seed = 20

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'resources/starter-model' },
    resources: { type: 'string', default: 'resources' }
  }
})

interface Prompt {
  readonly id: string
  readonly card: Card
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[]
}

const promptAt = (kind: string, n: number, isHeldOut: boolean): Prompt => {
  const card = drawCard(chance(seed, 'text', isHeldOut ? 1 : 0, n), isHeldOut)
  const id = `${kind}-${String(n + 1).padStart(3, '0')}`
  return { id, card, messages: [{ role: 'user', content: promptOf(card) }] }
}

const lines = (rows: readonly Prompt[]): string =>
  rows.map(({ id, messages }) => `${JSON.stringify({ id, messages })}\n`).join('')

async function answersTo(prompts: readonly Prompt[], model: string) {
  const folder = mkdtempSync(join(tmpdir(), 'starter-sample-'))
  try {
    const [promptsFile, outFile] = [join(folder, 'prompts.jsonl'), join(folder, 'answers.jsonl')]
    writeFileSync(promptsFile, lines(prompts))
    await sampleAnswers(
      {
        kind: 'sample',
        model,
        adapter: null,
        template: 'tokenizer',
        promptsFile,
        outFile,
        samplesPerPrompt: 1,
        maxNewTokens: 64,
        temperature: 1,
        seed,
        threads: 2,
        device: 'cpu'
      },
      { emit: () => undefined, takeControl: () => null }
    )
    const rows = readFileSync(outFile, 'utf8').trim().split('\n')
    return rows.map((row) => sampledAnswer.parse(JSON.parse(row)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Ids that say where they belong, so that the file is the same every time. */
const withIds = (annotation: AnnotationRecord, id: string): AnnotationRecord => ({
  ...annotation,
  id: `${id}-marks`,
  spans: annotation.spans.map((span, n) => ({ ...span, id: `${id}-span-${n + 1}` }))
})

async function makeSample(model: string, resources: string): Promise<void> {
  const prompts = Array.from({ length: marked + unread }, (_, n) => promptAt('bridge', n, false))
  const answers = await answersTo(prompts, model)
  const records = prompts.flatMap(({ id, card, messages }, n) => {
    const { text, promptId: _, ...sampling } = answers[n]
    const annotation = withIds(annotate(card, text, chance(seed, 'text', 2, n)), id)
    return [
      documentLine({ id, split: splitOf(id), messages, passages: [], extra: {}, responses: [] }),
      responseLine(id, {
        id: `${id}-answer`,
        source: 'starter-model',
        text,
        extra: {},
        sampling,
        annotations: n < marked ? [annotation] : []
      })
    ]
  })
  const folder = join(resources, 'sample-project')
  mkdirSync(folder, { recursive: true })
  const [text, project] = [join(folder, 'answers.jsonl'), join(folder, 'Sample project.t2g')]
  writeFileSync(text, [JSON.stringify(t2gHeader), ...records].join('\n') + '\n')
  rmSync(project, { force: true })
  console.error(await importIntoFile(text, project, { strict: true }))
  const evaluation = Array.from({ length: heldOut }, (_, n) => promptAt('held-out', n, true))
  writeFileSync(join(resources, 'held-out-prompts.jsonl'), lines(evaluation))
}

makeSample(options.model, options.resources).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { App } from '../../../../src/app/handlers'
import { importIntoFile } from '../../../../src/app/import-file'
import { freezeAnswers, Tally } from '../../../../src/app/runs/data'
import { openRunModel } from '../../../../src/app/runs/model'
import { projectSource } from '../../../../src/app/runs/source'
import { judgeByPeople } from '../../../../src/jobs/run/annotated-answers'
import { alignSpans, defaultAlignRules } from '../../../../src/pipeline/align/align'
import { openProject } from '../../../../src/store/project'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { lacksShared, sharedPath } from '../../../shared-data'

const scratch = scratchFolder()

describe.skipIf(lacksShared('data/qa_feedback_300.json', 'models/stories260K'))('the reward strip', () => {
  const modelDir = sharedPath('models/stories260K')
  const file = join(scratch, 'feedback.t2g')

  test("equals the trainer's reward tensor, byte for byte, for all 300 answers", async () => {
    await importIntoFile(sharedPath('data/qa_feedback_300.json'), file)

    // The trainer's side: what the run folder holds, and the call that makes rewards of it.
    const project = openProject(file, { readOnly: true })
    const model = { ...openRunModel(modelDir), context: Number.POSITIVE_INFINITY }
    const rules = { ...model, template: 'none' as const }
    const answers = projectSource(project).answers()
    const frozen = [...freezeAnswers(answers, rules, new Tally())].map((kept) => kept.frozen)
    project.close()
    expect(frozen).toHaveLength(300)

    // The window's side: the routes it calls, and the call that draws the strip.
    const nothing = (): void => undefined
    const app = new App({ userData: scratch, resources: scratch, host: nothing, emit: nothing })
    const handlers = app.handlers()
    await handlers['project.open'](file)
    let marked = 0
    for (const answer of frozen) {
      // Through JSON and back, as the folder has it.
      const kept = JSON.parse(JSON.stringify(answer)) as typeof answer
      const trainer = judgeByPeople(kept, defaultAlignRules)
      const view = await handlers['annotate.open']({ responseId: answer.id })
      const { offsets } = await handlers['align.tokens']({ responseId: answer.id, modelDir })
      const spans = view.annotations.flatMap((annotation) => annotation.spans)
      const strip = alignSpans({ text: view.text, offsets, spans, rules: defaultAlignRules })
      expect(Buffer.from(trainer.rewards.buffer).equals(Buffer.from(strip.rewards.buffer))).toBe(true)
      marked += strip.rewards.filter((reward) => reward !== 0).length
    }
    app.close()
    expect(marked).toBeGreaterThan(10_000)
  })
})

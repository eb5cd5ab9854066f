import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { feedbackSplit, requireNoLeak } from '../../../../bench/critic/feedback-run'
import { discardEvaluation, prepareEvaluation } from '../../../../src/app/critics/evaluate'
import { prepareCriticOf } from '../../../../src/app/critics/train'
import { importIntoFile } from '../../../../src/app/import-file'
import {
  criticExample,
  criticFiles,
  parseCriticTraining,
  type CriticExample
} from '../../../../src/contract/critic-record'
import { openProject } from '../../../../src/store/project'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { lacksShared, sharedPath } from '../../../shared-data'
import { starterModel } from '../../jobs/critic/training'

const scratch = scratchFolder()
const file = 'data/qa_feedback_300.json'

test.skipIf(lacksShared(file))(
  'of qa_feedback 240 documents are learnt from and 60 are measured on, and no text is on both sides',
  async () => {
    const path = join(scratch, 'feedback.t2g')
    await importIntoFile(sharedPath(file), path, { strict: true, split: { counts: feedbackSplit, seed: 1 } })
    const asked = parseCriticTraining({ kind: 'span-head', base: starterModel })
    const examplesFile = join(
      await prepareCriticOf(path, asked, join(scratch, 'critic')),
      criticFiles.examples
    )
    const rules = join(scratch, 'rules.json')
    writeFileSync(rules, JSON.stringify({ version: 1, rules: [] }))
    const project = openProject(path, { readOnly: true })
    const options = { split: 'test', tokenizer: null, seed: 1, threads: 1 } as const
    const work = prepareEvaluation(project, { ...options, critic: `rules:${rules}` })
    try {
      const { answersFile } = work.request
      expect(requireNoLeak(examplesFile, answersFile)).toEqual({ train: 216, dev: 24, test: 60 })

      const lines = readFileSync(examplesFile, 'utf8').trim().split('\n')
      const examples = lines.map((line) => criticExample.parse(JSON.parse(line)))
      const [ofTest] = examples.filter(({ split }) => split === 'test')
      const leaks: readonly Partial<CriticExample>[] = [
        { response: `  ${ofTest.response.toUpperCase()}\n` },
        { messages: ofTest.messages }
      ]
      for (const leak of leaks)
        for (const side of ['train', 'dev'] as const) {
          const other = examples.find(({ split }) => split === side)
          writeFileSync(join(scratch, 'leaky.jsonl'), `${JSON.stringify({ ...other, ...leak })}\n`)
          expect(() => requireNoLeak(join(scratch, 'leaky.jsonl'), answersFile)).toThrow(
            '1 answers of the test were seen in training'
          )
        }
    } finally {
      discardEvaluation(work)
      project.close()
    }
  }
)

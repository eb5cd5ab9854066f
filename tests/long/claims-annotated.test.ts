import { beforeAll, describe, expect, test } from 'vitest'
import { importFeedback, trainFeedback } from '../../bench/claims/annotated-run'
import { scratchFolder } from '../pure/engine/checkpoint/scratch'
import { lacksShared } from '../shared-data'

const scratch = scratchFolder()

describe.skipIf(lacksShared('data/qa_feedback_300.json', 'models/stories260K'))(
  'span-offline on real answers',
  () => {
    let project = ''
    beforeAll(async () => {
      project = await importFeedback(scratch)
    })

    test.each([1, 2, 3])('labels by content carry over to held-out answers, seed %i', async (seed) => {
      const { metrics, dropped } = await trainFeedback(project, 'content', seed)
      expect(dropped).toContainEqual({
        reason: 'prompt and answer do not fit the context of the model',
        count: 9
      })
      expect(metrics['heldout/gap_negative']).toBeLessThanOrEqual(-0.08)
      expect(metrics['heldout/logprob_change/neutral']).toBeGreaterThanOrEqual(-0.05)
      expect(metrics['train/kl']).toBeLessThanOrEqual(0.1)
      expect(metrics['heldout/kl']).toBeLessThanOrEqual(0.1)
    })

    test.each([1, 2, 3])(
      "people's spans: a gap on the training answers, and what held-out ones say, seed %i",
      async (seed) => {
        const { metrics } = await trainFeedback(project, 'people', seed)
        expect(metrics['train/gap_negative']).toBeLessThanOrEqual(-0.1)
        expect(metrics['train/kl']).toBeLessThanOrEqual(0.1)
        // Whatever it is: reported with the place controlled, and with its interval.
        for (const name of ['heldout/gap_negative', 'heldout/gap_negative_matched']) {
          expect(metrics[`${name}_low`]).toBeLessThanOrEqual(metrics[name])
          expect(metrics[`${name}_high`]).toBeGreaterThanOrEqual(metrics[name])
        }
      }
    )
  }
)

import { join } from 'node:path'
import type { Critic } from '../../contract/critic'
import { criticFiles, type CriticRecord } from '../../contract/critic-record'
import { loadAdapter } from '../../engine/checkpoint/peft'
import { Failure } from '../../pipeline/failure'
import { withCalibration, withPoorTokens } from './calibrate'
import { readCriticRecord } from './folder'
import { requireVersion } from './version'
import type { RuntimeChoice } from '../model/devices'
import { GenerativeScorer } from './generative/critic'
import type { OpenedCritic } from './opened'
import { openPolicy } from '../model/policy'
import { openSpanHead } from './span-head/critic'

type Opener = (opened: OpenedCritic) => Promise<Critic> | Critic

const openers: Readonly<Partial<Record<CriticRecord['kind'], Opener>>> = {
  generative: openGenerative,
  'span-head': openSpanHead
}

/**
 * The critic of a folder that `critic train` made, with the weights that its version was made from.
 * @throws Failure not-found, bad-configuration, checkpoint-corrupt when critic or base are not what they were
 */
export async function openTrainedCritic(dir: string, choice: RuntimeChoice): Promise<Critic> {
  const record = readCriticRecord(dir)
  requireVersion(dir, record)
  const open = openers[record.kind]
  if (!open)
    throw new Failure('bad-configuration', `This version cannot use critics of the kind ${record.kind}.`)
  const policy = await openPolicy(record.model ? join(dir, criticFiles.model) : record.base.dir, choice)
  if (!record.model && policy.model.hash !== record.base.sha256)
    throw new Failure(
      'checkpoint-corrupt',
      `The model in ${record.base.dir} is not the one that the critic in ${dir} was trained on; put it back.`
    )
  if (policy.tokenizerHash !== record.tokenizerSha256)
    throw new Failure(
      'checkpoint-corrupt',
      `The tokenizer of the critic in ${dir} is not the one that it was trained with; put it back.`
    )
  if (!record.adapter)
    return open({ dir, record, policy, trainable: { kind: 'none' }, parameters: new Map() })
  const { lora, parameters } = loadAdapter(join(dir, criticFiles.adapter), policy.model.config)
  return open({ dir, record, policy, trainable: { kind: 'lora', lora }, parameters })
}

function openGenerative({ record, policy, trainable, parameters }: OpenedCritic): Critic {
  const scorer = new GenerativeScorer({ policy, trainable, config: record.configuration })
  scorer.use(parameters)
  return {
    id: record.kind,
    version: record.id,
    async *score(batch, signal) {
      let index = 0
      for await (const critique of scorer.score(batch, signal)) {
        const whole = withPoorTokens(critique, batch[index++].response, record.poorTokens ?? null)
        yield withCalibration(whole, record.calibration)
      }
    }
  }
}

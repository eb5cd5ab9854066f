import { newTrainingState } from '../../src/engine/optim/state'
import { createPpoStep } from '../../src/engine/rl/ppo-step'
import { openRuntime } from '../../src/engine/runtime/session'
import { evenLengths } from '../../src/jobs/sessions/length-buckets'
import { inParts, piecesOf, stepInPieces } from '../../src/jobs/sessions/micro-batches'
import { paddingShare } from '../../src/jobs/sessions/sorted-pieces'
import { randomModel } from '../support/models'
import { takeTurns } from '../support/turns'
import { mixed, parseCase, randomBatch } from './case'
import { benchSettings } from './settings'

/**
 * The PPO step of a run on rollouts whose answers are of mixed lengths, as a child of the bench; like `ours.ts`.
 * Arguments: CASE THREADS PARTS sorted|as-they-come.
 */
async function main(): Promise<void> {
  const [name, threads, parts, how] = process.argv.slice(2)
  const shape = parseCase(name)
  const { model, trainable, parameters } = randomModel(shape.size)
  const { batch, length } = shape
  const { responseTokens: _, ...update } = randomBatch(shape, mixed)
  const shortest = Math.min(...update.lengths)
  const lengths = how === 'sorted' ? evenLengths(shortest, length, Number(parts)) : [length]
  const pieces = piecesOf({ microBatch: Math.ceil(batch / Number(parts)) }, batch, lengths)
  const step = await createPpoStep({
    ...{ model, trainable, length, batch: pieces.micro, value: true },
    runtime: openRuntime({ device: 'cpu', threads: Number(threads) }),
    // What a run knows of rollouts whose prompts differ: seven tenths of the longest answer.
    responseTokens: Math.ceil(pieces.micro * length * 0.7),
    ...{ accumulate: inParts(pieces), shorter: lengths.slice(0, -1) }
  })
  const ppo = stepInPieces(step, pieces)
  const state = newTrainingState(parameters)
  const padding = paddingShare(update.lengths, pieces, length)
  await takeTurns(async () => {
    const { loss } = await ppo.step(update, benchSettings, state)
    return { loss, padding }
  })
}

void main()

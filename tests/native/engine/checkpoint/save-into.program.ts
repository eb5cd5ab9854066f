import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { saveCheckpoint } from '../../../../src/engine/checkpoint/training-checkpoint'
import { fullParameters } from '../../../../src/engine/models/parameters'
import { newTrainingState } from '../../../../src/engine/optim/state'
import { randomModel } from '../../../pure/engine/checkpoint/random-model'

// Saves one checkpoint after another into a folder until that fails, and prints how, and what is left.
const [folder] = process.argv.slice(2)
const state = newTrainingState(fullParameters(randomModel()))
let saved = 0
try {
  for (; saved < 50; saved++) saveCheckpoint(join(folder, String(saved)), { state, lora: null, counters: {} })
} catch (error) {
  const { code, message } = error as { code: string; message: string }
  process.stdout.write(JSON.stringify({ saved, code, message, left: readdirSync(folder) }))
}

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { InferenceSession } from 'onnxruntime-node'
import { newTrainingState } from '../src/engine/optim/state'
import { createPpoStep } from '../src/engine/rl/ppo-step'
import { openRuntime } from '../src/engine/runtime/session'
import { table } from './claims/table'
import { randomBatch, parseCase } from './train/case'
import { benchSettings } from './train/settings'
import { randomModel } from './support/models'

/**
 * Where the time of one PPO step goes: ONNX Runtime's own profile, one thread, as shares of all operators' time.
 *
 *   npm run bench -- profile [--case m6:8x128] [--steps 6]
 */
const { values } = parseArgs({
  options: { case: { type: 'string', default: 'm6:8x128' }, steps: { type: 'string', default: '6' } }
})

/** One line of the profile's JSON: microseconds. */
interface ProfileEvent {
  readonly cat?: string
  readonly dur: number
  readonly args?: { readonly op_name?: string }
}

/** Sessions opened from now on write profiles into `folder`. */
function profileInto(folder: string): InferenceSession[] {
  const opened: InferenceSession[] = []
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: Uint8Array,
    options: InferenceSession.SessionOptions
  ) => Promise<InferenceSession>
  const profiled = async (
    model: Uint8Array,
    options: InferenceSession.SessionOptions
  ): Promise<InferenceSession> => {
    const session = await create(model, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile')
    })
    opened.push(session)
    return session
  }
  Object.assign(InferenceSession, { create: profiled })
  return opened
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'text2grad-profile-'))
  const opened = profileInto(folder)
  const shape = parseCase(values.case)
  const { model, trainable, parameters } = randomModel(shape.size)
  const { batch, length } = shape
  const update = randomBatch(shape)
  const runtime = openRuntime({ device: 'cpu', threads: 1 })
  const { responseTokens } = update
  const step = await createPpoStep({ model, trainable, batch, length, runtime, value: true, responseTokens })
  const state = newTrainingState(parameters)
  for (let count = 0; count < Number(values.steps); count++) await step.step(update, benchSettings, state)
  for (const session of opened) session.endProfiling()
  const times = new Map<string, number>()
  for (const file of readdirSync(folder)) {
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]
    for (const { cat, dur, args } of events)
      if (cat === 'Node' && args?.op_name) times.set(args.op_name, (times.get(args.op_name) ?? 0) + dur)
  }
  await step.release()
  rmSync(folder, { recursive: true })
  const all = [...times.values()].reduce((sum, time) => sum + time, 0)
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .map(([name, time]) => [name, `${((100 * time) / all).toFixed(1)} %`])
  console.log(table(['operator', values.case], rows))
}

void main()

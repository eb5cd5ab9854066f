import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunConfigInput } from '../../../../src/contract/run-config'
import {
  loadCheckpoint,
  saveCheckpoint,
  type TrainingCheckpoint
} from '../../../../src/engine/checkpoint/training-checkpoint'
import { float32, floats, type ParameterSet } from '../../../../src/engine/graph'
import * as critics from '../../../../src/jobs/critic/open'
import type { RunNotes } from '../../../../src/jobs/run/notes'
import { train } from '../../../../src/jobs/run/train'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'
import { annotatedRun } from './annotated-run'
import { criticThat } from '../critic/failing-critic'
import { adapterBytes, quietHost, silentRule, timelessMetrics, tinyRun } from './tiny-run'

const scratch = scratchFolder()

/** Trains until the checkpoint of `step` is there, as a stop or a crash would leave it. */
async function trainedTo(dir: string, step: number): Promise<string> {
  const reached = (): boolean => existsSync(join(dir, 'checkpoints', String(step)))
  const result = await train(dir, { emit: () => undefined, takeControl: () => (reached() ? 'stop' : null) })
  expect(result).toMatchObject({ state: 'stopped', step })
  return dir
}

type Change = (checkpoint: TrainingCheckpoint, notes: RunNotes) => TrainingCheckpoint

let copies = 0
/** A copy of a stopped run whose newest checkpoint was changed and written again. */
function copyOf(dir: string, step: number, change: Change = (checkpoint) => checkpoint): string {
  const copy = join(scratch, `copy-${++copies}`)
  cpSync(dir, copy, { recursive: true })
  const folder = join(copy, 'checkpoints', String(step))
  const checkpoint = loadCheckpoint(folder)
  saveCheckpoint(folder, change(checkpoint, checkpoint.counters as unknown as RunNotes))
  return copy
}

/** Zeros in place of the tensors whose name matches. */
const zeroed = (set: ParameterSet, names = /./): ParameterSet =>
  new Map(
    [...set].map(([name, tensor]) => [
      name,
      names.test(name) ? float32(tensor.shape, new Float32Array(tensor.data.length)) : tensor
    ])
  )

const withState =
  (change: (state: TrainingCheckpoint['state']) => Partial<TrainingCheckpoint['state']>): Change =>
  (checkpoint) => ({ ...checkpoint, state: { ...checkpoint.state, ...change(checkpoint.state) } })
const withNotes =
  (change: (notes: RunNotes) => object): Change =>
  (checkpoint, notes) => ({ ...checkpoint, counters: { ...notes, ...change(notes) } })

/** What is held against the checkpoint and put right by nothing else: left out of it, the run is another one. */
const tensors: Record<string, Change> = {
  adapter: withState(({ parameters }) => ({ parameters: zeroed(parameters, /lora_B/) })),
  "AdamW's first moments": withState(({ first }) => ({ first: zeroed(first) })),
  "AdamW's second moments": withState(({ second }) => ({ second: zeroed(second) })),
  "AdamW's step": withState(() => ({ step: 0 }))
}
const rolloutsOnly: Record<string, Change> = {
  'value head': withState(({ parameters }) => ({ parameters: zeroed(parameters, /value_head/) })),
  'KL controller': withNotes(({ loop }) => ({ loop: { ...loop, klCoefficient: 0.1 } })),
  'advantage floor': withNotes(({ loop }) => ({ loop: { ...loop, floor: { floor: 0 } } }))
}
/** What is only compared: the sentence has to name it. */
const compared: Record<string, [Change, RegExp]> = {
  schedule: [
    withNotes(({ next }) => ({ next: { ...next, learningRate: 1 } })),
    /next step .* learningRate was 1 and is/
  ],
  'data cursor': [
    withNotes(({ next }) => ({ next: { ...next, data: [] } })),
    /next step .* data was \[\] and is \["/
  ],
  'random streams': [
    withNotes(({ next }) => ({ next: { ...next, chance: { ...next.chance, sampling: 2 } } })),
    /next step .* chance\.sampling was 2 and is 0\./
  ],
  configuration: [
    withNotes(({ run }) => ({
      run: { ...run, config: { ...run.config, algorithm: { ...run.config.algorithm, clip: 0.25 } } }
    })),
    /configuration of this run has changed since it began: algorithm\.clip was 0\.25 and is 0\.2;/
  ],
  'data hash': [
    withNotes(({ run }) => ({ run: { ...run, hashes: { ...run.hashes, data: 'abc' } } })),
    /The data of this run is not the one that its checkpoint was trained with/
  ],
  'model hash': [
    withNotes(({ run }) => ({ run: { ...run, hashes: { ...run.hashes, model: 'abc' } } })),
    /The model of this run is not/
  ]
}
const parts = ['step', 'run', 'next', 'loop'] as const
const without = (part: string): Change =>
  withNotes((notes) =>
    Object.fromEntries(
      Object.keys(notes).map((key) => [key, key === part ? undefined : notes[key as keyof RunNotes]])
    )
  )

describe.each([
  {
    source: 'rollouts',
    // Past the steps that train the value head alone, so that the adapter moves as well.
    steps: 25,
    stopAt: 22,
    make: (name: string) =>
      tinyRun(join(scratch, name), name, {
        ...{ steps: 25, checkpointEvery: 11, control: 'random', batch: 8 },
        algorithm: { baseline: 'value', kl: { target: 2 } },
        optimizer: { learningRate: 3e-3, warmup: 3, schedule: 'cosine' }
      }),
    items: { ...tensors, ...rolloutsOnly },
    refused: Object.entries(compared)
  },
  {
    source: 'annotated',
    steps: 5,
    stopAt: 3,
    make: (name: string) =>
      annotatedRun(join(scratch, name), {
        ...{ steps: 5, checkpointEvery: 3, control: 'shuffle' },
        optimizer: { learningRate: 3e-3, warmup: 2, schedule: 'linear' }
      }),
    items: tensors,
    refused: Object.entries(compared).slice(0, 2)
  }
])('a stopped run on $source', ({ source, stopAt, make, items, refused }) => {
  let [unbroken, stopped] = ['', '']
  beforeAll(async () => {
    unbroken = make(`${source}-unbroken`)
    await train(unbroken, quietHost())
    stopped = await trainedTo(make(`${source}-stopped`), stopAt)
  })

  test('goes on as if it had not been stopped', async () => {
    const dir = copyOf(stopped, stopAt)
    await train(dir, quietHost())
    expect(adapterBytes(dir).equals(adapterBytes(unbroken))).toBe(true)
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(unbroken))
    expect(
      readFileSync(join(dir, 'samples.jsonl')).equals(readFileSync(join(unbroken, 'samples.jsonl')))
    ).toBe(true)
  })

  test.each(Object.entries(items))('does not if the checkpoint lacks its %s', async (_, change) => {
    const dir = copyOf(stopped, stopAt, change)
    await train(dir, quietHost())
    const metrics = timelessMetrics(dir)
    expect(metrics.slice(0, stopAt)).toEqual(timelessMetrics(unbroken).slice(0, stopAt))
    expect(metrics.slice(stopAt)).not.toEqual(timelessMetrics(unbroken).slice(stopAt))
  })

  test.each(refused)('is refused if its %s would be another', async (_, [change, sentence]) => {
    const dir = copyOf(stopped, stopAt, change)
    const failing = train(dir, quietHost())
    await expect(failing).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringMatching(sentence) as string
    })
    expect(timelessMetrics(dir)).toHaveLength(stopAt)
  })

  test.each(parts)('is refused if the checkpoint does not say its %s', async (part) => {
    const dir = copyOf(stopped, stopAt, without(part))
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringContaining(`does not hold its ${part}`) as string
    })
  })
})

describe('a run that reads something else than when it began is refused, which is named', () => {
  const start = (): Promise<string> => {
    const root = join(scratch, `changed-${++copies}`)
    return trainedTo(tinyRun(root, 'run', { checkpointEvery: 1, steps: 3 }), 1)
  }
  const flip = (file: string): void => {
    const bytes = readFileSync(file)
    bytes[bytes.length - 2] ^= 1
    writeFileSync(file, bytes)
  }
  test.each([
    ['model', (dir: string) => flip(join(dir, '../model/model.safetensors'))],
    [
      'tokenizer',
      (dir: string) =>
        writeFileSync(
          join(dir, '../model/tokenizer.json'),
          ' ' + readFileSync(join(dir, '../model/tokenizer.json'), 'utf8')
        )
    ],
    [
      'data',
      (dir: string) =>
        writeFileSync(
          join(dir, 'data/prompts.jsonl'),
          readFileSync(join(dir, 'data/prompts.jsonl'), 'utf8').replace('the', 'The')
        )
    ],
    [
      'critic',
      (dir: string) =>
        writeFileSync(join(dir, 'data/critic.json'), JSON.stringify({ version: 1, rules: [silentRule] }))
    ]
  ] as const)('%s', async (what, change) => {
    const dir = await start()
    change(dir)
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringMatching(
        new RegExp(
          `^The ${what} of this run has changed since it began .*last good checkpoint is that of step 1, `
        )
      ) as string
    })
    expect(timelessMetrics(dir)).toHaveLength(1)
  })

  test('a setting, by its key, and before anything has been saved as a whole', async () => {
    const edit = (dir: string): void => {
      const file = join(dir, 'run.json')
      writeFileSync(file, readFileSync(file, 'utf8').replace('"clip": 0.2', '"clip": 0.3'))
    }
    const dir = await start()
    edit(dir)
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringMatching(/algorithm\.clip was 0\.2 and is 0\.3; put back/) as string
    })
    const fresh = tinyRun(join(scratch, 'fresh'), 'run')
    edit(fresh)
    await expect(train(fresh, quietHost())).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringMatching(/^The config of this run has changed since it began/) as string
    })
  })

  test('the adapter that it started from', async () => {
    const first = tinyRun(join(scratch, 'first'), 'run', { steps: 1 })
    await train(first, quietHost())
    const adapter = join(first, 'adapter')
    const settings: Partial<RunConfigInput> = { adapter, checkpointEvery: 1, steps: 2 }
    const dir = await trainedTo(tinyRun(join(scratch, 'second'), 'run', settings), 1)
    const file = join(adapter, 'adapter_config.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"lora_alpha": 8', '"lora_alpha": 9'))
    await expect(train(dir, quietHost())).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: expect.stringMatching(/^The adapter of this run has changed/) as string
    })
  })
})

test('failures before the stop count for the alarm after it', async () => {
  // 2 of 8 answers fail: more than a fifth of 20 steps' answers have failed at step 17, wherever the run was stopped.
  vi.spyOn(critics, 'openRunCritic').mockResolvedValue(criticThat((index) => index < 2))
  const alarmStep = async (change?: Change): Promise<number> => {
    const settings = { steps: 40, checkpointEvery: 10 }
    const root = join(scratch, `alarm-${++copies}`)
    const stopped = await trainedTo(tinyRun(root, 'run', settings), 10)
    const dir = copyOf(stopped, 10, change)
    await expect(train(dir, quietHost())).rejects.toMatchObject({ code: 'critic-failing' })
    return timelessMetrics(dir).length
  }
  expect(await alarmStep()).toBe(17)
  expect(await alarmStep(withNotes(({ loop }) => ({ loop: { ...loop, failures: [] } })))).toBe(27)
  vi.restoreAllMocks()
})

test('a checkpoint that would hold a NaN is not written', async () => {
  const dir = tinyRun(join(scratch, 'nan'), 'run', { checkpointEvery: 1, steps: 3 })
  await trainedTo(dir, 1)
  const name = [...loadCheckpoint(join(dir, 'checkpoints/1')).state.parameters.keys()][0]
  const broken = copyOf(
    dir,
    1,
    withState(({ parameters }) => {
      const tensor = parameters.get(name)
      if (!tensor) throw new Error('there is no such tensor')
      return { parameters: new Map(parameters).set(name, { ...tensor, data: floats(tensor).map(() => NaN) }) }
    })
  )
  const before = readFileSync(join(broken, 'checkpoints/1/adapter_model.safetensors'))
  const metrics = readFileSync(join(broken, 'metrics.jsonl'))
  await expect(train(broken, quietHost())).rejects.toMatchObject({
    code: 'not-a-number',
    message: expect.stringMatching(
      new RegExp(`the trained tensor ${name} holds NaN.*1 of 3 steps.*of step 1, ${broken}`)
    ) as string
  })
  expect(existsSync(join(broken, 'checkpoints/2'))).toBe(false)
  expect(readFileSync(join(broken, 'checkpoints/1/adapter_model.safetensors')).equals(before)).toBe(true)
  expect(readFileSync(join(broken, 'metrics.jsonl')).equals(metrics)).toBe(true)
})

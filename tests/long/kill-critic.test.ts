import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { criticFiles } from '../../src/contract/critic-record'
import { trainCritic } from '../../src/jobs/critic/train'
import { chance } from '../../src/pipeline/optimise/chance'
import { criticFolder, examplesOf } from '../native/jobs/critic/training'
import { quietHost, timelessMetrics } from '../native/jobs/run/tiny-run'
import { scratchFolder } from '../pure/engine/checkpoint/scratch'
import { halfWritten, hosted, lines, moments, type Moment } from './killing'

const STEPS = 72
const scratch = scratchFolder()
const draw = chance(5, 'text')
const { afterTime, afterStep, whileSaving } = moments(draw)

/** While the finished critic is written: some time after its first file was there. It may be too late to kill. */
const whileFinishing: Moment = (dir) => (kill) => {
  const watcher = watch(dir, (_, name) => {
    if (!name?.includes(criticFiles.adapter)) return
    watcher.close()
    setTimeout(kill, draw.integer(12))
  })
  return () => watcher.close()
}

const deaths: Moment[] = [
  ...[afterTime(2500, 4), afterStep(3), whileSaving(1), afterStep(4)],
  ...[whileSaving(2), afterTime(5000, 4), afterStep(2), whileSaving(1)]
]

/** Times, and what is said to whoever looks on: the rest of two equal critics is equal. */
const ofTheMoment: ReadonlySet<string> = new Set([
  ...[criticFiles.metrics, criticFiles.log, criticFiles.heartbeat, criticFiles.control]
])

/** SHA-256 of every file of a critic's folder that says what the critic is, checkpoints too. */
const filesOf = (dir: string): Map<string, string> =>
  new Map(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !ofTheMoment.has(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [
        file.slice(dir.length + 1),
        createHash('sha256').update(readFileSync(file)).digest('hex')
      ])
  )

describe.each([
  { kind: 'generative', settings: { metric: 'loss' } },
  { kind: 'span-head', settings: { metric: 'poor-f1' } }
] as const)('a critic of the kind $kind', ({ kind, settings }) => {
  const make = (name: string): string =>
    criticFolder(
      join(scratch, `${kind}-${name}`),
      {
        ...{ kind, steps: STEPS, evaluateEvery: 3, patience: null, threads: 1 },
        optimizer: { learningRate: 5e-3, warmup: 3, schedule: 'cosine' },
        ...settings
      },
      examplesOf(60)
    )

  test('killed 9 times at random moments and resumed leaves the folder that an unbroken training leaves', async () => {
    const unbroken = make('unbroken')
    await trainCritic(unbroken, quietHost())
    const dir = make('killed')
    const torn = new Set<string>()
    const told: string[] = []
    for (const moment of deaths) {
      const request = { kind: 'train-critic', criticDir: dir } as const
      expect(await hosted(request, moment(dir))).toMatchObject({ code: 'trainer-died' })
      expect(existsSync(join(dir, criticFiles.record))).toBe(false)
      const half = halfWritten(dir)
      half.forEach((name) => torn.add(name))
      told.push(`${lines(dir)}${half.length > 0 ? ` writing ${half.join(' ')}` : ''}`)
    }
    expect(lines(dir)).toBeLessThan(STEPS)
    expect(torn.size).toBeGreaterThan(0)
    await hosted({ kind: 'train-critic', criticDir: dir }, whileFinishing(dir))
    told.push(`${lines(dir)} ${existsSync(join(dir, criticFiles.record)) ? 'too late' : 'finishing'}`)
    console.info(`${kind}: killed after step ${told.join(', ')}`)

    const last = await hosted({ kind: 'train-critic', criticDir: dir }, () => () => undefined)
    expect(last).toMatchObject({ state: 'finished', step: STEPS })
    expect(timelessMetrics(dir)).toEqual(timelessMetrics(unbroken))
    expect([...filesOf(dir)]).toEqual([...filesOf(unbroken)])
    expect(halfWritten(dir)).toEqual([])
  })
})

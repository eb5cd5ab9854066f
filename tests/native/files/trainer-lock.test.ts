import { fork, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { trainerOwner, type TrainerOwner } from '../../../src/contract/run-record'
import { keepFolder, requireNoTrainer, TrainerLock } from '../../../src/files/trainer-lock'
import { scratchFolder } from '../../pure/engine/checkpoint/scratch'

const scratch = scratchFolder()
const busy = (words: RegExp): unknown =>
  expect.objectContaining({ code: 'trainer-busy', message: expect.stringMatching(words) as string })

/** The number of a process that is gone. */
const dead = spawnSync(process.execPath, ['--version']).pid
let count = 0
const uuid = (): string => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`
const ownerOf = (fields: Partial<TrainerOwner>): TrainerOwner => ({
  ...{ at: '2026-11-30T10:00:00.000Z', host: hostname(), pid: dead, token: uuid() },
  ...fields
})

let dir = ''
beforeEach(() => mkdirSync((dir = join(scratch, `folder-${++count}`))))

/** Leaves a lock that was last touched so many seconds ago. */
function leave(text: string, seconds: number, name = 'trainer.lock', folder = dir): void {
  writeFileSync(join(folder, name), text)
  const then = Date.now() / 1000 - seconds
  utimesSync(join(folder, name), then, then)
}
const leaveOwner = (fields: Partial<TrainerOwner>, seconds = 0): void =>
  leave(JSON.stringify(ownerOf(fields)), seconds)
const holder = (folder = dir): TrainerOwner =>
  trainerOwner.parse(JSON.parse(readFileSync(join(folder, 'trainer.lock'), 'utf8')))

describe('a folder', () => {
  test('is taken by one at a time, and is free again once it is given back', () => {
    const lock = TrainerLock.take(dir)
    const sentence = new RegExp(
      `^The folder ${dir} is taken: process ${process.pid} of this machine .*; wait for it`
    )
    expect(() => TrainerLock.take(dir)).toThrow(busy(sentence))
    expect(() => requireNoTrainer(dir)).toThrow(busy(sentence))
    expect(keepFolder(dir)).toBe(true)
    lock.release()
    expect(readdirSync(dir)).toEqual([])
    expect(keepFolder(dir)).toBe(false)
    requireNoTrainer(dir)
    TrainerLock.take(dir).release()
  })

  test('of a dead process is taken over at once, and so is that of an earlier process with our number', () => {
    for (const pid of [dead, process.pid]) {
      leaveOwner({ pid })
      requireNoTrainer(dir)
      const lock = TrainerLock.take(dir)
      expect(holder().pid).toBe(process.pid)
      expect(readdirSync(dir)).toEqual(['trainer.lock'])
      lock.release()
    }
  })

  test('of a process that is there is not taken while it is heard of', () => {
    leaveOwner({ pid: process.ppid }, 10)
    expect(() => TrainerLock.take(dir)).toThrow(busy(new RegExp(`process ${process.ppid} of this machine`)))
    leaveOwner({ pid: process.ppid }, 20)
    TrainerLock.take(dir).release()
  })

  test('of another machine is judged by its silence alone', () => {
    leaveOwner({ host: 'elsewhere', pid: process.pid }, 10)
    expect(() => TrainerLock.take(dir)).toThrow(
      busy(/process \d+ of the machine elsewhere is at work there, last heard of 10 seconds ago/)
    )
    leaveOwner({ host: 'elsewhere', pid: process.pid }, 20)
    TrainerLock.take(dir).release()
  })

  test('whose lock is damaged, as a power cut leaves it, is taken after the same silence', () => {
    leave('', 0)
    expect(() => TrainerLock.take(dir)).toThrow(busy(/another program is at work there/))
    leave('', 20)
    TrainerLock.take(dir).release()
  })

  test('whose successor died before it had succeeded is taken over by the next', () => {
    const gone = ownerOf({})
    leave(JSON.stringify(gone), 0)
    leave(JSON.stringify(ownerOf({})), 0, `trainer.lock.${gone.token}`)
    TrainerLock.take(dir)
    expect(holder().pid).toBe(process.pid)
    expect(readdirSync(dir)).toEqual(['trainer.lock'])
  })

  test('that somebody else took while its owner was silent is lost to it, and not given back by it', () => {
    const lock = TrainerLock.take(dir)
    lock.keep()
    leaveOwner({ host: 'elsewhere' })
    expect(() => lock.keep()).toThrow(busy(/taken by another program while this one was silent/))
    lock.release()
    expect(holder().host).toBe('elsewhere')
  })
})

describe('of several processes that take a folder at the same instant', () => {
  let programs: ChildProcess[] = []
  beforeAll(async () => {
    const file = join(import.meta.dirname, 'taking.program.ts')
    programs = [1, 2, 3].map(() => fork(file, [], { execArgv: ['--import', 'tsx'] }))
    await Promise.all(programs.map((program) => once(program, 'message')))
  })
  afterAll(() => programs.forEach((program) => program.kill()))

  test.each([
    ['nobody had', () => undefined],
    ['a dead process had', (folder: string) => leave(JSON.stringify(ownerOf({})), 0, undefined, folder)],
    ['a power cut left', (folder: string) => leave('', 20, undefined, folder)]
  ] as const)('one wins, where %s it', async (_, prepare) => {
    for (let round = 0; round < 30; round++) {
      const folder = join(dir, String(round))
      mkdirSync(folder)
      prepare(folder)
      const answers = programs.map((program) => once(program, 'message') as Promise<[string]>)
      const at = Date.now() + 15
      programs.forEach((program) => program.send({ dir: folder, at }))
      const said = (await Promise.all(answers)).map(([answer]) => answer)
      const winners = programs.filter((_program, index) => said[index] === 'taken')
      expect(
        winners.map(({ pid }) => pid),
        said.join('\n')
      ).toEqual([holder(folder).pid])
      for (const answer of said) expect(answer).toMatch(/^(taken$|trainer-busy: The folder )/)
      expect(readdirSync(folder)).toEqual(['trainer.lock'])
    }
  })
})

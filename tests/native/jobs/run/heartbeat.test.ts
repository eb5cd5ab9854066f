import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'
import { heartbeat, runFiles } from '../../../../src/contract/run-record'
import { beat } from '../../../../src/jobs/job-folder'

const folder = mkdtempSync(join(tmpdir(), 'heartbeat-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('two threads may keep one heartbeat', async () => {
  const source = resolve(import.meta.dirname, '../../../../src/jobs/job-folder.ts')
  const code = `require('tsx/cjs')
    const { beat } = require(${JSON.stringify(source)})
    const { parentPort } = require('node:worker_threads')
    parentPort.postMessage('ready')
    for (let n = 0; n < 2000; n++) beat(${JSON.stringify(folder)})`
  const other = new Worker(code, { eval: true })
  await new Promise((ready) => other.once('message', ready))
  const ended = new Promise<number>((resolveWith, reject) => {
    other.once('exit', resolveWith)
    other.once('error', reject)
  })
  for (let n = 0; n < 2000; n++) beat(folder)
  expect(await ended).toBe(0)
  expect(heartbeat.parse(JSON.parse(readFileSync(join(folder, runFiles.heartbeat), 'utf8')))).toMatchObject({
    pid: process.pid
  })
})

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchFolder } from '../../../pure/engine/checkpoint/scratch'

const root = resolve(import.meta.dirname, '../../../..')
const scratch = scratchFolder()

/** Runs a program in a home and a temporary folder of its own. @returns the files it left in them */
function leftBy(name: string, ...words: string[]): string[] {
  const home = join(scratch, name)
  const temporary = join(home, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: join(home, '.cache') }
  })
  expect(stderr).not.toContain('Error')
  expect(status).toBe(0)
  return readdirSync(home, { recursive: true }).map(String)
}

const traces = (files: readonly string[]): string[] =>
  files.filter((file) => /onnxruntime\.db|mat-debug/.test(file))
const cli = ['--import', 'tsx', 'src/cli/index.ts']
const starter = 'resources/starter-model'

describe.skipIf(process.platform !== 'linux')('ONNX Runtime reports to nobody', () => {
  test('left alone it would: this test sees the report it prepares', () => {
    const session = `require('onnxruntime-node').InferenceSession.create(new Uint8Array([8])).catch(() => {})`
    expect(traces(leftBy('alone', '-e', session))).not.toEqual([])
  })

  test('not on the thread of the command line', () => {
    const words = ['model', 'generate', starter, '--ids', '1', '--max-new-tokens', '2', '--greedy']
    expect(traces(leftBy('command-line', ...cli, ...words))).toEqual([])
  })

  test("not on the trainer's worker thread, as the window starts it", () => {
    const prompts = join(scratch, 'prompts.jsonl')
    writeFileSync(
      prompts,
      JSON.stringify({ id: 'a', messages: [{ role: 'user', content: 'Describe.' }] }) + '\n'
    )
    const request = {
      kind: 'sample',
      model: starter,
      adapter: null,
      template: 'tokenizer',
      promptsFile: prompts,
      outFile: join(scratch, 'answers.jsonl'),
      samplesPerPrompt: 1,
      maxNewTokens: 2,
      temperature: 1,
      seed: 1,
      threads: 1,
      device: 'cpu'
    }
    // The parent imports nothing of ours, so the trainer inherits no setting.
    const parent = `
      const child = require('node:child_process').fork('src/trainer/index.ts', { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
      child.on('message', (event) => { if (event.kind !== 'progress') process.exitCode = event.kind === 'done' ? 0 : 1 })
      child.send({ request: ${JSON.stringify(request)} })`
    expect(traces(leftBy('trainer', '-e', parent))).toEqual([])
    expect(readFileSync(request.outFile, 'utf8')).not.toBe('')
  })
})

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { App } from '../../../src/app/handlers'
import type { AppEvent } from '../../../src/contract/ipc'
import type { StoreHandlers } from '../../../src/contract/store-wire'
import { openProject } from '../../../src/store/project'
import { lacksShared, sharedPath } from '../../shared-data'
import { temporaryFolder } from '../store/temporary-folder'

const at = temporaryFolder()
let events: AppEvent[] = []
let app: App
let handlers: StoreHandlers

function start(): void {
  app = new App({
    userData: at('user'),
    resources: at('resources'),
    host: (_request, listener) =>
      listener({ kind: 'failed', error: { code: 'trainer-died', message: 'none here' } }),
    emit: (event) => void events.push(event)
  })
  handlers = app.handlers()
}
beforeEach(() => {
  events = []
  start()
})
afterEach(() => app.close())

const queue = { status: 'all', search: '', offset: 0, limit: 10 } as const
const firstAnswer = async (): Promise<string> => (await handlers['annotate.queue'](queue)).rows[0].responseId

describe('the program behind the window', () => {
  it('asks for a project first, and says so', () => {
    expect(handlers['project.info'](undefined)).toBeNull()
    expect(() => handlers['annotate.queue'](queue)).toThrow(
      expect.objectContaining({ code: 'not-found', message: expect.stringMatching(/open or create/) })
    )
  })

  it('makes a project, imports beside the work with progress, exports, and checks', async () => {
    expect(await handlers['project.create'](at('one'))).toMatchObject({
      path: at('one.t2g'),
      name: 'one',
      responses: 0
    })
    writeFileSync(at('in.jsonl'), '{"prompt":"p","response":"r"}\n{"prompt":"q"}\n')
    expect(await handlers['project.import']({ file: at('in.jsonl') })).toMatchObject({
      documents: 2,
      responses: 1
    })
    // Work is told of as often as its kind changes, and as time passes.
    const kinds = events.map(({ kind }) => kind).filter((kind, index, all) => kind !== all[index - 1])
    expect(kinds).toEqual(['project-changed', 'work', 'work-ended', 'project-changed'])
    expect(await handlers['project.export']({ file: at('out.jsonl') })).toMatchObject({
      records: 3,
      path: at('out.jsonl')
    })
    expect(await handlers['project.check'](undefined)).toMatchObject({ ok: true, responses: 1 })
    expect(handlers['project.info'](undefined)).toMatchObject({ documents: 2, unread: 1 })
  })

  it('keeps the open project when another cannot be opened, and closes it when another can', async () => {
    await handlers['project.create'](at('one.t2g'))
    expect(() => handlers['project.open'](at('none.t2g'))).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
    expect(await handlers['project.open'](at('one.t2g'))).toMatchObject({ name: 'one' })
    await handlers['project.create'](at('two.t2g'))
    openProject(at('one.t2g')).close()
    app.close()
    expect(existsSync(at('two.t2g-wal'))).toBe(false)
  })

  it('keeps name and theme on the seat, and signs annotations with the name', async () => {
    expect(handlers['settings.get'](undefined)).toEqual({
      personName: null,
      theme: 'system',
      modelDir: null,
      gpuPack: null,
      allowedHosts: []
    })
    await handlers['project.create'](at('one.t2g'))
    writeFileSync(at('in.jsonl'), '{"prompt":"p","response":"r"}\n')
    await handlers['project.import']({ file: at('in.jsonl') })
    const responseId = await firstAnswer()
    const change = { type: 'set-critique', critique: 'x' } as const
    expect(await handlers['annotate.apply']({ responseId, change })).toMatchObject({
      person: userInfo().username
    })
    await handlers['settings.set']({ personName: 'Anna', theme: 'dark' })
    expect(await handlers['annotate.apply']({ responseId, change })).toMatchObject({
      person: 'Anna',
      mine: true
    })
    expect(await handlers['annotate.undo'](undefined)).toEqual({ responseId, what: 'write the critique' })
    app.close()
    start()
    expect(handlers['settings.get'](undefined)).toEqual({
      personName: 'Anna',
      theme: 'dark',
      modelDir: null,
      gpuPack: null,
      allowedHosts: []
    })
    writeFileSync(at('user/settings.json'), '{ broken')
    expect(handlers['settings.get'](undefined)).toMatchObject({ personName: null })
  })

  it('cancels a long import', async () => {
    await handlers['project.create'](at('one.t2g'))
    const record = (n: number): string => `{"prompt":"p","response":"${n} ${'x'.repeat(500)}"}\n`
    writeFileSync(at('in.jsonl'), Array.from({ length: 4000 }, (_, n) => record(n)).join(''))
    const importing = handlers['project.import']({ file: at('in.jsonl') })
    const cancelling = (async () => {
      for (;;) {
        const work = events.find((event) => event.kind === 'work')
        if (work?.kind === 'work') return handlers['work.cancel'](work.workId)
        await new Promise(setImmediate)
      }
    })()
    await expect(importing).rejects.toMatchObject({ code: 'cancelled' })
    await cancelling
    expect(handlers['project.info'](undefined)).toMatchObject({ responses: 0 })
  })
})

describe('models', () => {
  function modelFolder(
    dir: string,
    header = { 'a.weight': { shape: [2, 3] }, b: { shape: [4] }, __metadata__: {} }
  ): void {
    mkdirSync(dir, { recursive: true })
    const config = { architectures: ['LlamaForCausalLM'], vocab_size: 7, max_position_embeddings: 9 }
    writeFileSync(`${dir}/config.json`, JSON.stringify(config))
    const json = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    writeFileSync(`${dir}/model.safetensors`, Buffer.concat([length, json]))
  }

  it('are listed with the starter model first, and remembered once chosen', async () => {
    modelFolder(at('resources/starter-model'))
    modelFolder(at('mine'))
    const mine = {
      dir: at('mine'),
      name: 'mine',
      architecture: 'LlamaForCausalLM',
      parameters: 10,
      vocabulary: 7,
      context: 9,
      starter: false
    }
    expect(await handlers['models.add']({ dir: at('mine') })).toEqual(mine)
    expect(await handlers['models.list'](undefined)).toMatchObject([
      { name: 'Starter model', starter: true, parameters: 10 },
      mine
    ])
    expect(handlers['settings.get'](undefined)).toMatchObject({ modelDir: at('mine') })
  })

  it('that are none, or damaged, are refused', () => {
    expect(() => handlers['models.add']({ dir: at('nothing') })).toThrow(
      expect.objectContaining({ code: 'not-found' })
    )
    modelFolder(at('bad'))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(2n ** 60n)
    writeFileSync(at('bad/model.safetensors'), size)
    expect(() => handlers['models.add']({ dir: at('bad') })).toThrow(
      expect.objectContaining({ code: 'checkpoint-corrupt' })
    )
    writeFileSync(at('bad/config.json'), '{')
    expect(() => handlers['models.add']({ dir: at('bad') })).toThrow(
      expect.objectContaining({ code: 'bad-json' })
    )
    expect(handlers['models.list'](undefined)).toEqual([])
  })
})

describe.skipIf(lacksShared('models/stories260K'))('with a model', () => {
  it('passes on what the trainer says when sampling fails', async () => {
    await handlers['project.create'](at('one.t2g'))
    writeFileSync(at('in.jsonl'), '{"prompt":"p"}\n')
    await handlers['project.import']({ file: at('in.jsonl') })
    const sampling = handlers['annotate.sample']({
      modelDir: sharedPath('models/stories260K'),
      count: 1,
      seed: 1
    })
    await expect(sampling).rejects.toMatchObject({ code: 'trainer-died' })
  })

  it('shows the tokens of an answer, and the marks that do not fit them', async () => {
    const modelDir = sharedPath('models/stories260K')
    await handlers['project.create'](at('one.t2g'))
    const response = 'Once upon a time there was 2024.'
    const spans = [
      { quote: 'upon', label: 1 },
      { quote: 'pon a t', label: -1 },
      { quote: 'i', occurrence: 1, label: -1 }
    ]
    writeFileSync(
      at('in.jsonl'),
      `${JSON.stringify({ prompt: 'p', response, spans })}\n{"prompt":"q","response":"unread"}\n`
    )
    await handlers['project.import']({ file: at('in.jsonl') })
    const responseId = await firstAnswer()
    const view = await handlers['align.tokens']({ responseId, modelDir })
    expect(view.unfaithful).toBeNull()
    expect(view.ids.length).toBe(view.offsets.length)
    expect(view.offsets[0][0]).toBe(0)
    expect(view.offsets.at(-1)?.[1]).toBe(response.length)
    expect(await handlers['align.tokens']({ responseId, modelDir })).toBe(view)
    const tray = await handlers['align.tray']({ modelDir, limit: 10 })
    expect(tray).toMatchObject({ answers: 1, tokens: view.ids.length })
    expect(tray.rewarded.negative).toBeGreaterThan(0)
    expect(tray.rows.map(({ issue }) => issue)).toContain('conflict')
    expect((await handlers['align.tray']({ modelDir, limit: 1 })).rows).toHaveLength(1)
    copyFileSync(`${modelDir}/config.json`, at('config.json'))
    expect(() => handlers['align.tokens']({ responseId, modelDir: at('') })).toThrow(
      expect.objectContaining({ code: 'tokenizer-missing' })
    )
    expect(readFileSync(at('config.json')).length).toBeGreaterThan(0)
  })
})

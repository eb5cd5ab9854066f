import { describe, expect, it } from 'vitest'
import type { AppInfo } from '../../../src/contract/ipc'
import type { Dialogs } from '../../../src/main/dialogs'
import { openDoor } from '../../../src/main/door'

const info: AppInfo = {
  ...{ version: '1', electron: '45', node: '24', platform: 'linux' },
  ...{ runtimeWarning: null, projectFailure: null }
}

/** A person who chooses `path` in every dialog, and a store that writes down what reaches it. */
function setting(path: string | null) {
  const reached: [string, unknown][] = []
  const choose = async () => path
  const dialogs: Dialogs = {
    openProject: choose,
    createProject: choose,
    importFile: choose,
    exportFile: choose,
    modelFolder: choose,
    exportModel: choose,
    reportFile: choose,
    criticFile: choose
  }
  const door = openDoor({
    dialogs,
    appInfo: () => info,
    store: async (route, input) => {
      reached.push([route, input])
      return { ok: true, value: 'stored' as never }
    }
  })
  return { door, reached }
}

describe('the door', () => {
  it.each([
    ['no such route', 'project.burn', undefined, 'project.burn'],
    ['a property of every object', 'constructor', undefined, 'constructor'],
    ['a name that is no string', 7, undefined, '7'],
    ['input of the wrong kind', 'project.open', { path: 'x' }, 'project.open'],
    ['an unknown key', 'annotate.open', { responseId: 'a', more: 1 }, 'more'],
    [
      'a form that is none',
      'models.export',
      { of: { kind: 'model', dir: '/m' }, form: 'gguf', name: 'm' },
      'form'
    ],
    ['a negative offset', 'annotate.queue', { offset: -1 }, 'offset']
  ])('refuses %s and names it', async (_what, name, input, named) => {
    const { door, reached } = setting('/chosen')
    const outcome = await door(name, input)
    expect(outcome).toMatchObject({ ok: false, error: { code: 'bad-input' } })
    expect(!outcome.ok && outcome.error.message).toContain(named)
    expect(reached).toEqual([])
  })

  it('answers for the runtime itself', async () => {
    expect(await setting(null).door('app.info', undefined)).toEqual({ ok: true, value: info })
  })

  it('passes parsed input on, with defaults filled in', async () => {
    const { door, reached } = setting(null)
    await door('annotate.queue', {})
    expect(reached).toEqual([['annotate.queue', { status: 'all', search: '', offset: 0, limit: 200 }]])
  })

  it.each([
    ['project.choose', 'open', 'project.open', '/chosen'],
    ['project.choose', 'create', 'project.create', '/chosen'],
    ['project.import', {}, 'project.import', { file: '/chosen' }],
    ['project.import', { file: '/given' }, 'project.import', { file: '/given' }],
    ['project.export', undefined, 'project.export', { file: '/chosen' }],
    ['models.choose', undefined, 'models.add', { dir: '/chosen' }],
    [
      'models.export',
      { of: { kind: 'model', dir: '/m' }, form: 'gguf-f16', name: 'mine' },
      'models.export',
      { of: { kind: 'model', dir: '/m' }, form: 'gguf-f16', out: '/chosen' }
    ],
    ['review.report', { runId: 'r' }, 'review.report', { runId: 'r', file: '/chosen' }]
  ])('turns %s into a request with a path', async (name, input, route, passed) => {
    const { door, reached } = setting('/chosen')
    expect(await door(name, input)).toEqual({ ok: true, value: 'stored' })
    expect(reached).toEqual([[route, passed]])
  })

  it('answers null when the person closes the dialog', async () => {
    const { door, reached } = setting(null)
    expect(await door('project.choose', 'open')).toEqual({ ok: true, value: null })
    expect(reached).toEqual([])
  })
})

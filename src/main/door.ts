import { toFailure, type Outcome } from '../contract/errors'
import { routes, type AppInfo, type Input, type RouteName } from '../contract/ipc'
import type { DirectRoute, StoreInput, StoreOutput, StoreRouteName } from '../contract/store-wire'
import type { Dialogs } from './dialogs'

export interface DoorOptions {
  readonly dialogs: Dialogs
  readonly appInfo: () => AppInfo
  readonly store: <R extends StoreRouteName>(
    route: R,
    input: StoreInput<R>
  ) => Promise<Outcome<StoreOutput<R>>>
}

/**
 * Where the window's calls come in: parsed, answered here when a dialog or the runtime is asked for, and passed to
 * the store worker otherwise. Always answers with an outcome.
 */
export function openDoor({ dialogs, appInfo, store }: DoorOptions) {
  const withPath = async <T>(path: Promise<string | null>, go: (path: string) => Promise<Outcome<T>>) => {
    const chosen = await path
    return chosen === null ? ({ ok: true, value: null } as const) : go(chosen)
  }
  const here: {
    readonly [R in Exclude<RouteName, DirectRoute>]: (input: Input<R>) => Promise<Outcome<unknown>>
  } = {
    'app.info': async () => ({ ok: true, value: appInfo() }),
    'project.choose': (what) =>
      what === 'open'
        ? withPath(dialogs.openProject(), (path) => store('project.open', path))
        : withPath(dialogs.createProject(), (path) => store('project.create', path)),
    'project.import': ({ file }) =>
      file === undefined
        ? withPath(dialogs.importFile(), (path) => store('project.import', { file: path }))
        : store('project.import', { file }),
    'project.export': () => withPath(dialogs.exportFile(), (file) => store('project.export', { file })),
    'models.export': ({ name, ...what }) =>
      withPath(dialogs.exportModel(name, what.form), (out) => store('models.export', { ...what, out })),
    'models.choose': () => withPath(dialogs.modelFolder(), (dir) => store('models.add', { dir })),
    'critics.choose': async (kind) => ({ ok: true, value: await dialogs.criticFile(kind) }),
    'review.report': ({ runId }) =>
      withPath(dialogs.reportFile(), (file) => store('review.report', { runId, file }))
  }

  return async (name: unknown, input: unknown): Promise<Outcome<unknown>> => {
    try {
      if (typeof name !== 'string' || !Object.hasOwn(routes, name))
        return badInput(`There is no request named ${String(name)}.`)
      const route = name as RouteName
      const parsed = routes[route].input.safeParse(input)
      if (!parsed.success) {
        const [issue] = parsed.error.issues
        return badInput(`${name}: ${[...issue.path, issue.message].join(' ')}.`)
      }
      // The schema has made the input what the route asks for; the table cannot say so for a name known only now.
      const answer = (here as Record<string, ((input: unknown) => Promise<Outcome<unknown>>) | undefined>)[
        name
      ]
      return answer ? await answer(parsed.data) : await store(route as DirectRoute, parsed.data as never)
    } catch (thrown) {
      return { ok: false, error: toFailure(thrown) }
    }
  }
}

function badInput(message: string): Outcome<never> {
  return { ok: false, error: { code: 'bad-input', message } }
}

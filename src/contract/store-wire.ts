import type { Outcome } from './errors'
import type { AppEvent, ExportResult, Input, ModelView, Output, ProjectInfo, RouteName } from './ipc'
import type { JobControl, JobEvent, JobRequest } from './job'

/**
 * Main ↔ store worker. Main parses every call of the window, answers what is a dialog's, and sends the rest here.
 * The worker asks main to host a job, because only main can fork a utility process.
 */
export type MainToStore =
  | { readonly kind: 'call'; readonly id: number; readonly route: StoreRouteName; readonly input: unknown }
  /** What a hosted job tells; `job` is the number that the worker gave it. `done` or `failed` comes last, once. */
  | { readonly kind: 'job'; readonly job: number; readonly event: JobEvent }
  /** The program is closing: write, checkpoint, close the project, then exit. */
  | { readonly kind: 'close' }

export type StoreToMain =
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: Outcome<unknown> }
  /** Goes on to the window as it is. */
  | { readonly kind: 'event'; readonly event: AppEvent }
  /** One job at a time: a second one is answered with `failed`, `trainer-busy`. */
  | { readonly kind: 'host'; readonly job: number; readonly request: JobRequest }
  | { readonly kind: 'control'; readonly job: number; readonly control: JobControl }

/** `workerData` of the store worker. */
export interface StoreWorkerData {
  /** Settings, the sample project's copy and new projects' runs live here. */
  readonly userData: string
  /** Shipped at run time: the starter model, the sample project. */
  readonly resources: string
  readonly electron: string | null
}

/** Routes that end in main: they are dialogs, and reach the worker with a path as one of `PathRoutes`. */
type DialogRoute =
  | 'project.choose'
  | 'project.import'
  | 'project.export'
  | 'models.choose'
  | 'models.export'
  | 'critics.choose'
  | 'review.report'

/** What the dialogs' routes become once the person has chosen a path. */
export interface PathRoutes {
  'project.create': { input: string; output: ProjectInfo }
  'project.import': { input: { file: string }; output: NonNullable<Output<'project.import'>> }
  'project.export': { input: { file: string }; output: Output<'project.export'> }
  'models.export': {
    input: Pick<Input<'models.export'>, 'of' | 'form'> & { out: string }
    output: ExportResult
  }
  'models.add': { input: { dir: string }; output: ModelView }
  'review.report': { input: { runId: string; file: string }; output: { path: string } }
}

/** `app.info` is main's own: it alone knows the runtime. */
export type DirectRoute = Exclude<RouteName, DialogRoute | 'app.info'>
export type StoreRouteName = DirectRoute | keyof PathRoutes
export type StoreInput<R extends StoreRouteName> = R extends keyof PathRoutes
  ? PathRoutes[R]['input']
  : R extends DirectRoute
    ? Input<R>
    : never
export type StoreOutput<R extends StoreRouteName> = R extends keyof PathRoutes
  ? PathRoutes[R]['output']
  : R extends DirectRoute
    ? Output<R>
    : never

/** The worker's table: a missing handler is a compile error. */
export type StoreHandlers = {
  readonly [R in StoreRouteName]: (input: StoreInput<R>) => Promise<StoreOutput<R>> | StoreOutput<R>
}

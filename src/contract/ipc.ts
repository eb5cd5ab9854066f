import type { z } from 'zod'
import type { Outcome } from './errors'
import { alignRoutes } from './ipc/align'
import { annotateRoutes } from './ipc/annotate'
import { appRoutes } from './ipc/app'
import { criticRoutes } from './ipc/critics'
import { modelRoutes } from './ipc/models'
import { projectRoutes } from './ipc/project'
import { reviewRoutes } from './ipc/review'
import { runRoutes, type RunView } from './ipc/runs'
import type { Progress } from './job'

export type * from './ipc/align'
export type * from './ipc/annotate'
export type * from './ipc/app'
export { exportTitle } from './ipc/models'
export type * from './ipc/models'
export type * from './ipc/project'
export type * from './ipc/review'
export type * from './ipc/runs'

/**
 * Renderer ↔ main, a file a subject in `ipc/`. Every route has a schema for what comes in, parsed at the door, and a
 * type for what goes out. Every call answers with an Outcome: a value, or a failure with its code.
 */
export const routes = {
  ...appRoutes,
  ...projectRoutes,
  ...annotateRoutes,
  ...alignRoutes,
  ...modelRoutes,
  ...runRoutes,
  ...criticRoutes,
  ...reviewRoutes
} as const

export type RouteName = keyof typeof routes
export type Input<R extends RouteName> = z.infer<(typeof routes)[R]['input']>
export type Output<R extends RouteName> = Exclude<(typeof routes)[R]['output'], undefined>
/** The window's side: a route to a promise of an outcome. A missing handler is a compile error. */
export type Handlers = { readonly [R in RouteName]: (input: Input<R>) => Promise<Output<R>> | Output<R> }
export type Call = <R extends RouteName>(name: R, input: Input<R>) => Promise<Outcome<Output<R>>>

/** Pushed from main to the window. */
export type AppEvent =
  | { readonly kind: 'work'; readonly workId: string; readonly title: string; readonly progress: Progress }
  | { readonly kind: 'work-ended'; readonly workId: string }
  | { readonly kind: 'run'; readonly run: RunView }
  | { readonly kind: 'project-changed' }
  | { readonly kind: 'menu'; readonly command: string }

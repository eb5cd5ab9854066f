import { z } from 'zod'
import type { Amounts, ProjectAmounts } from '../../pipeline/annotate/amounts'
import { path, route } from './route'

/** The project that is open. */
export const projectRoutes = {
  'project.choose': route(z.enum(['open', 'create'])).returns<ProjectInfo | null>(),
  'project.open': route(path).returns<ProjectInfo>(),
  'project.info': route(z.undefined()).returns<ProjectInfo | null>(),
  'project.import': route(z.strictObject({ file: path.optional() })).returns<ImportSummary | null>(),
  'project.export': route(z.undefined()).returns<ExportSummary | null>(),
  'project.check': route(z.undefined()).returns<CheckSummary>()
} as const

export interface ProjectInfo extends ProjectAmounts {
  readonly path: string
  readonly name: string
}
export interface RejectedRecord {
  readonly record: string
  readonly reason: string
}
export interface ImportSummary extends Amounts {
  readonly format: string
  readonly offsetUnit: string
  readonly repaired: readonly { readonly record: string; readonly what: string }[]
  readonly rejected: readonly RejectedRecord[]
}
export interface ExportSummary {
  readonly format: string
  readonly records: number
  readonly spans: number
  readonly lost: readonly { readonly record: string; readonly what: string }[]
  readonly path?: string
}
export interface CheckSummary extends Amounts {
  readonly ok: boolean
  readonly problems: readonly string[]
}

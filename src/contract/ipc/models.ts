import { z } from 'zod'
import type { ExportResult } from '../job'
import { id, path, route } from './route'

/** How a model or what a run trained leaves the program: the adapter alone, merged into a model folder, or as GGUF. */
const exportForm = z.enum(['adapter', 'model', 'model-f32', 'gguf-f16', 'gguf-q8_0'])
export type ExportForm = z.infer<typeof exportForm>

const exportOf = z.discriminatedUnion('kind', [
  /** `last`: as the run left its weights; `best`: the checkpoint that was the best by the run's metric. */
  z.strictObject({ kind: z.literal('run'), runId: id, weights: z.enum(['last', 'best']) }),
  z.strictObject({ kind: z.literal('model'), dir: path })
])
export type ExportOf = z.infer<typeof exportOf>

export type { ExportResult }

/** Models on this seat. */
export const modelRoutes = {
  'models.list': route(z.undefined()).returns<ModelView[]>(),
  'models.choose': route(z.undefined()).returns<ModelView | null>(),
  /** What can be exported, runs first, newest first; without an open project, models alone. */
  'models.exportable': route(z.undefined()).returns<Exportable[]>(),
  /** Asks where to, writes, reloads and compares; `work` events titled `exportTitle` tell how far it is. */
  'models.export': route(
    z.strictObject({ of: exportOf, form: exportForm, name: z.string().min(1).max(200) })
  ).returns<ExportResult | null>()
} as const

/** The title of an export among the long work. */
export const exportTitle = 'An export'

export interface Exportable {
  readonly of: ExportOf
  readonly name: string
  /** `last step, 60` */
  readonly detail: string
  readonly forms: readonly ExportForm[]
}

export interface ModelView {
  readonly dir: string
  readonly name: string
  readonly architecture: string
  readonly parameters: number
  readonly vocabulary: number
  readonly context: number
  readonly starter: boolean
}

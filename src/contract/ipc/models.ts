import { z } from 'zod'
import { route } from './route'

/** Models on this seat. */
export const modelRoutes = {
  'models.list': route(z.undefined()).returns<ModelView[]>(),
  'models.choose': route(z.undefined()).returns<ModelView | null>()
} as const

export interface ModelView {
  readonly dir: string
  readonly name: string
  readonly architecture: string
  readonly parameters: number
  readonly vocabulary: number
  readonly context: number
  readonly starter: boolean
}

import { z } from 'zod'
import type { Polarity } from '../../pipeline/annotate/span'
import { id, path, route } from './route'

/** Marks on the tokens of a model. */
export const alignRoutes = {
  'align.tokens': route(z.strictObject({ responseId: id, modelDir: path })).returns<TokenView>(),
  'align.tray': route(z.strictObject({ modelDir: path, limit: z.int().min(1).max(500) })).returns<TrayView>()
} as const

export interface TokenView {
  readonly ids: readonly number[]
  readonly tokens: readonly string[]
  /** Code-point range of each token. */
  readonly offsets: readonly (readonly [number, number])[]
  /** Set when the text does not survive the tokenizer: such an answer never trains. */
  readonly unfaithful: string | null
}
export interface TrayRow {
  readonly responseId: string
  readonly title: string
  readonly issue: 'widened' | 'half-covered' | 'ambiguous' | 'missing' | 'conflict' | 'unfaithful'
  readonly quote: string
  readonly polarity: Polarity
  readonly detail: string
}
export interface TrayView {
  readonly answers: number
  readonly tokens: number
  readonly rewarded: { readonly positive: number; readonly negative: number; readonly neutral: number }
  readonly rows: readonly TrayRow[]
}

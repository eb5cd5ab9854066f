import { z } from 'zod'
import { Failure } from '../pipeline/failure'

/** Parses one record; what is wrong is said in one sentence with the field's name. @throws Failure bad-record */
export function parseShape<T extends z.ZodType>(shape: T, value: unknown): z.infer<T> {
  const result = shape.safeParse(value)
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]
  const field = path.map(String).join('.')
  throw new Failure(
    'bad-record',
    `${field ? `its field "${field}" is wrong` : 'it is wrong'}: ${message}; mend it and import again`
  )
}

export const messageShape = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string()
})
export const passageShape = z.object({ title: z.string(), text: z.string() })

/** The keys of `record` that are not in `known`. */
export function otherKeys(
  record: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !known.has(key)))
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

import { z } from 'zod'

/** A schema for what comes in, parsed at the door, and a type for what goes out. */
export interface Route<Input extends z.ZodType, Output> {
  readonly input: Input
  readonly output?: Output
}

export function route<Input extends z.ZodType>(input: Input) {
  return { returns: <Output>(): Route<Input, Output> => ({ input }) as Route<Input, Output> }
}

export const id = z.string().min(1).max(64)
export const path = z.string().min(1).max(4096)

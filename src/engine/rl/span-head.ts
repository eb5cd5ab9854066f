import { float32, type ParameterSet } from '../graph'
import type { DecoderConfig } from '../models/decoder-config'

/** What the head says of a token, in the order of its outputs. A token that nobody marked is neutral. */
export const tokenClasses = ['poor', 'neutral', 'good'] as const
export type TokenClass = (typeof tokenClasses)[number]

/** Names of the head's tensors: weight [3, hidden size + 1], bias [3]. */
export const spanHeadWeight = 'span_head.weight'
export const spanHeadBias = 'span_head.bias'

/** A head that finds every class as likely as the next. */
export function spanHeadParameters({ hiddenSize }: DecoderConfig): ParameterSet {
  const [classes, features] = [tokenClasses.length, hiddenSize + 1]
  return new Map([
    [spanHeadWeight, float32([classes, features], new Float32Array(classes * features))],
    [spanHeadBias, float32([classes], new Float32Array(classes))]
  ])
}

export const isSpanHead = (name: string): boolean => name === spanHeadWeight || name === spanHeadBias

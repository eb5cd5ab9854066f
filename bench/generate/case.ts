import { isSize, type SizeName } from '../support/models'

/** A shape of rollouts on one of the bench's models. */
export interface GenerationCase {
  readonly size: SizeName
  readonly batch: number
  readonly promptLength: number
  readonly maxNewTokens: number
  readonly sampled: boolean
}

/** `m6:8x64+192` or `m6:8x64+192:sampled` */
export function parseCase(text: string): GenerationCase {
  const match = /^(\w+):(\d+)x(\d+)\+(\d+)(:sampled)?$/.exec(text)
  if (!match || !isSize(match[1])) throw new Error(`${text} is no case; m6:8x64+192:sampled is one.`)
  const [batch, promptLength, maxNewTokens] = match.slice(2, 5).map(Number)
  return { size: match[1], batch, promptLength, maxNewTokens, sampled: match[5] !== undefined }
}

export const caseText = ({ size, batch, promptLength, maxNewTokens, sampled }: GenerationCase): string =>
  `${size}:${batch}x${promptLength}+${maxNewTokens}${sampled ? ':sampled' : ''}`

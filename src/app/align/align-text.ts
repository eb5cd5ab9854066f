import { alignSpans, type AlignInput, type AlignRules, type Tier } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'
import { tokenise } from './token-cache'
import type { FolderTokenizer } from './open-tokenizer'

export interface AlignedText {
  readonly ids: readonly number[]
  /** Code-point range of each token. */
  readonly offsets: readonly (readonly [number, number])[]
  /** One a token: the trainer's own vector. */
  readonly rewards: readonly number[]
  readonly spans: readonly {
    readonly tier: Tier
    readonly start?: number
    readonly end?: number
    readonly tokens: readonly number[]
    readonly widened?: true
    readonly issue?: string
  }[]
  readonly coverage: { readonly positive: number; readonly negative: number; readonly neutral: number }
  readonly conflicts: number
}

/** Spans of a text on a policy's own tokens. @throws Failure tokenizer-unfaithful */
export function alignText(
  folder: FolderTokenizer,
  text: string,
  spans: readonly AlignInput[],
  rules: AlignRules,
  own: readonly number[] | null = null
): AlignedText {
  const { ids, offsets, unfaithful } = tokenise(folder, text, own)
  if (unfaithful !== null)
    throw new Failure('tokenizer-unfaithful', `This text cannot be aligned: ${unfaithful}`)
  const alignment = alignSpans({ text, offsets, spans, rules })
  return {
    ids,
    offsets,
    rewards: [...alignment.rewards],
    spans: alignment.spans.map(({ tier, start, end, tokens, widened, issue }) => ({
      tier,
      ...(start === undefined ? {} : { start, end }),
      tokens,
      ...(widened ? { widened } : {}),
      ...(issue ? { issue } : {})
    })),
    coverage: alignment.coverage,
    conflicts: alignment.conflicts
  }
}

import type { Message } from '../../pipeline/annotate/message'
import type { Span } from '../../pipeline/annotate/span'
import type { Split } from '../../pipeline/optimise/split'
import type { CodeTests } from '../../contract/critic'
import type { FrozenAnswer, FrozenPrompt } from '../../contract/run-record'
import { toFailure } from '../../contract/errors'
import type { PromptTemplate } from '../../tokens/prompt'
import { isUnfaithful, type Offset, type PolicyTokenizer, type Unfaithful } from '../../tokens/tokenizer'

/** A stored answer as the project gives it: the spans of everyone who submitted, together. */
export interface StoredAnswer {
  readonly responseId: string
  readonly documentId: string
  readonly split: Split
  readonly messages: readonly Message[]
  readonly text: string
  /** Token ids of an answer that a model of ours sampled, and which tokenizer they belong to. */
  readonly sampled: { readonly ids: readonly number[]; readonly tokenizerHash: string } | null
  /** False when nobody has read it yet: such an answer never trains on people's spans. */
  readonly submitted: boolean
  /** The annotations that `critique` and `spans` come from. */
  readonly annotationIds: readonly string[]
  readonly critique: string
  readonly spans: readonly Span[]
}

/** An answer sampled with this very tokenizer keeps its ids: another text may have the same words but not the same tokens. */
function tokensOf(
  { sampled, text }: StoredAnswer,
  tokenizer: PolicyTokenizer,
  tokenizerHash: string
): { readonly ids: readonly number[]; readonly offsets: readonly Offset[] } | Unfaithful {
  if (sampled?.tokenizerHash !== tokenizerHash) return tokenizer.withOffsets(text)
  const placed = tokenizer.offsetsOf(sampled.ids, text)
  return isUnfaithful(placed) ? placed : { ids: sampled.ids, offsets: placed.offsets }
}

export interface PromptToFreeze {
  readonly id: string
  readonly messages: readonly Message[]
  /** For the critic `tests`. */
  readonly tests?: CodeTests
}

export interface FreezeRules {
  readonly tokenizer: PolicyTokenizer
  /** Of the tokenizer, as stored with sampled answers. */
  readonly tokenizerHash: string
  readonly template: PromptTemplate
  /** Most tokens that the model reads. */
  readonly context: number
}

/** Counts reasons, in the order in which they were first met. */
export class Tally {
  private readonly counts = new Map<string, number>()

  add(reason: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1)
  }

  list(): { reason: string; count: number }[] {
    return [...this.counts].map(([reason, count]) => ({ reason, count }))
  }
}

export const dropReasons = {
  unread: 'nobody has submitted an annotation',
  unfaithful: 'the text does not survive the tokenizer',
  long: 'prompt and answer do not fit the context of the model',
  empty: 'the answer holds no token',
  noPrompt: 'the prompt holds no token'
} as const

/**
 * Answers as they are now, with their tokens, written down for a run: what is edited later does not change the run.
 * Documents outside the train split are held out. What nobody has read never trains, whoever judges it. One after the
 * other, so that a large project is never in memory as tokens; `dropped` counts what is left out.
 */
export function* freezeAnswers(
  answers: Iterable<StoredAnswer>,
  rules: FreezeRules,
  dropped: Tally
): Generator<{ readonly answer: StoredAnswer; readonly frozen: FrozenAnswer }> {
  for (const answer of answers) {
    const frozen = freezeAnswer(answer, rules)
    if (typeof frozen === 'string') dropped.add(dropReasons[frozen])
    else yield { answer, frozen }
  }
}

function freezeAnswer(
  answer: StoredAnswer,
  { tokenizer, tokenizerHash, template, context }: FreezeRules
): FrozenAnswer | keyof typeof dropReasons {
  if (!answer.submitted) return 'unread'
  const promptIds = promptOf(tokenizer, answer.messages, template)
  if (promptIds === null) return 'noPrompt'
  const tokens = tokensOf(answer, tokenizer, tokenizerHash)
  if (isUnfaithful(tokens)) return 'unfaithful'
  const { ids } = tokens
  if (ids.length === 0) return 'empty'
  if (promptIds.length + ids.length > context) return 'long'
  return {
    id: answer.responseId,
    documentId: answer.documentId,
    split: answer.split === 'train' ? 'train' : 'held-out',
    messages: answer.messages.map(({ role, content }) => ({ role, content })),
    promptIds: [...promptIds],
    ids: [...ids],
    text: answer.text,
    offsets: tokens.offsets.map(([start, end]) => [start, end]),
    critique: answer.critique,
    spans: answer.spans.map(({ start, end, polarity, reason, category }) => ({
      start,
      end,
      polarity,
      reason,
      category
    }))
  }
}

/** Prompts with their tokens; those that leave no room for an answer are dropped and counted. */
export function* freezePrompts(
  prompts: Iterable<PromptToFreeze>,
  { tokenizer, template, context }: FreezeRules,
  maxNewTokens: number,
  dropped: Tally
): Generator<FrozenPrompt> {
  for (const { id, messages, tests } of prompts) {
    const ids = promptOf(tokenizer, messages, template)
    if (ids === null) dropped.add(dropReasons.noPrompt)
    else if (ids.length + maxNewTokens > context) dropped.add(dropReasons.long)
    else
      yield {
        id,
        messages: messages.map(({ role, content }) => ({ role, content })),
        ids: [...ids],
        ...(tests ? { tests } : {})
      }
  }
}

/** null for an empty prompt of a model that has no start token. */
function promptOf(
  tokenizer: PolicyTokenizer,
  messages: readonly Message[],
  template: PromptTemplate
): number[] | null {
  try {
    return tokenizer.prompt(messages, template)
  } catch (error) {
    if (toFailure(error).code === 'bad-input') return null
    throw error
  }
}

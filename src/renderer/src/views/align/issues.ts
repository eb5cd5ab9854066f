import type { TrayRow } from '../../../../contract/ipc'

/** Why a mark is in the tray, and what a person can do about it. */
export const issues: Readonly<Record<TrayRow['issue'], { title: string; means: string }>> = {
  ambiguous: {
    title: 'In more than one place',
    means: 'The quote stands in the answer several times. Open the answer and mark the one that is meant.'
  },
  missing: {
    title: 'Not found',
    means: 'The quoted words are not in the answer. Open the answer and mark what was meant.'
  },
  conflict: {
    title: 'In conflict',
    means: 'Good and poor marks cover the same token. With the usual rule the poor one wins.'
  },
  widened: {
    title: 'Widened to a token',
    means: 'The mark covers less than half of any token, so the whole token it touches most takes its reward.'
  },
  'half-covered': {
    title: 'Half covered',
    means: 'The mark ends inside a token; the token counts if at least half of it is marked.'
  },
  unfaithful: {
    title: 'Cannot be tokenised faithfully',
    means: 'The text changes when this tokenizer reads it, so the answer never trains with this model.'
  }
}

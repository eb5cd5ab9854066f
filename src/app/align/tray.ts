import type { TrayRow, TrayView } from '../../contract/ipc'
import { alignSpans, defaultAlignRules, type AlignedSpan, type Alignment } from '../../pipeline/align/align'
import { sliceCodePoints } from '../../pipeline/annotate/code-points'
import type { Span } from '../../pipeline/annotate/span'
import type { Project } from '../../store/project'
import type { StoredAnswer } from '../runs/data'
import { projectSource } from '../runs/source'
import type { TokenCache } from './token-cache'

/** Answers between which others have their turn. */
const batch = 50

/**
 * What a person should look at before training: marks that do not fit the policy's tokens, and how many tokens get a
 * reward in all. Counts everything; `limit` bounds the rows only.
 */
export async function trayView(
  project: Project,
  cache: TokenCache,
  modelDir: string,
  limit: number
): Promise<TrayView> {
  const answers = projectSource(project)
    .answers()
    .filter(({ submitted }) => submitted)
  const rewarded = { positive: 0, negative: 0, neutral: 0 }
  const rows: TrayRow[] = []
  let tokens = 0
  for (const [index, answer] of answers.entries()) {
    if (index % batch === batch - 1) await new Promise(setImmediate)
    const view = cache.tokens(modelDir, answer)
    if (view.unfaithful !== null) {
      if (rows.length < limit) rows.push(row(answer, 'unfaithful', answer.spans[0], view.unfaithful))
      continue
    }
    const { text, spans } = answer
    const alignment = alignSpans({ text, spans, offsets: view.offsets, rules: defaultAlignRules })
    tokens += view.ids.length
    rewarded.positive += Math.round(alignment.coverage.positive * view.ids.length)
    rewarded.negative += Math.round(alignment.coverage.negative * view.ids.length)
    rewarded.neutral += Math.round(alignment.coverage.neutral * view.ids.length)
    if (rows.length < limit)
      rows.push(...issues(answer, alignment, view.tokens).slice(0, limit - rows.length))
  }
  return { answers: answers.length, tokens, rewarded, rows }
}

function issues(answer: StoredAnswer, alignment: Alignment, tokens: readonly string[]): TrayRow[] {
  const rows = alignment.spans.flatMap((aligned, index) =>
    spanIssue(answer, aligned, answer.spans[index], tokens)
  )
  if (alignment.conflicts > 0)
    rows.push(
      row(
        answer,
        'conflict',
        answer.spans[0],
        `${alignment.conflicts} tokens are marked good and poor; the poor mark wins.`
      )
    )
  return rows
}

function spanIssue(
  answer: StoredAnswer,
  aligned: AlignedSpan,
  span: Span,
  tokens: readonly string[]
): TrayRow[] {
  const words = (list: readonly number[]): string => list.map((token) => `“${tokens[token]}”`).join(' ')
  if (aligned.issue)
    return [
      row(
        answer,
        aligned.issue === 'ambiguous' ? 'ambiguous' : 'missing',
        span,
        aligned.issue === 'ambiguous'
          ? 'These words stand in several places of the answer.'
          : 'This mark covers no token of the model.'
      )
    ]
  if (aligned.widened)
    return [
      row(
        answer,
        'widened',
        span,
        `Smaller than a token: the whole of ${words(aligned.tokens)} gets its reward.`
      )
    ]
  if (aligned.halfCovered.length > 0)
    return [row(answer, 'half-covered', span, `It cuts through ${words(aligned.halfCovered)}.`)]
  return []
}

/** `span` may be missing: an answer with nothing marked. */
function row(answer: StoredAnswer, issue: TrayRow['issue'], span: Span | undefined, detail: string): TrayRow {
  const last = answer.messages.at(-1)?.content ?? ''
  return {
    responseId: answer.responseId,
    title: last.length > 80 ? `${last.slice(0, 79)}…` : last,
    issue,
    quote: span ? sliceCodePoints(answer.text, span.start, span.end) : '',
    polarity: span?.polarity ?? 'neutral',
    detail
  }
}

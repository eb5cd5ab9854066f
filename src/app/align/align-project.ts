import type { AlignRules } from '../../pipeline/align/align'
import { Failure } from '../../pipeline/failure'
import type { Project } from '../../store/project'
import { AtomicFile } from '../../files/atomic-file'
import { projectSource } from '../runs/source'
import { alignText } from './align-text'
import type { FolderTokenizer } from './open-tokenizer'

export interface AlignTotals {
  readonly responses: number
  readonly tokens: number
  readonly spans: number
  /** Spans that took no token, by reason. */
  readonly issues: Readonly<Record<string, number>>
  /** Answers whose text does not survive the tokenizer; each has its line, with the reason. */
  readonly unfaithful: number
  readonly conflicts: number
}

/** Every answer of a project on a policy's tokens, one JSON line each; all of the file or none of it. */
export function alignProject(
  project: Project,
  folder: FolderTokenizer,
  rules: AlignRules,
  out: string
): AlignTotals {
  const totals = { responses: 0, tokens: 0, spans: 0, unfaithful: 0, conflicts: 0 }
  const issues: Record<string, number> = {}
  const file = new AtomicFile(out)
  try {
    for (const { responseId, text, spans, sampled } of projectSource(project).answers()) {
      totals.responses++
      const own = sampled?.tokenizerHash === folder.hash ? sampled.ids : null
      try {
        const aligned = alignText(folder, text, spans, rules, own)
        totals.tokens += aligned.ids.length
        totals.spans += aligned.spans.length
        totals.conflicts += aligned.conflicts
        for (const { issue } of aligned.spans) if (issue) issues[issue] = (issues[issue] ?? 0) + 1
        file.write(`${JSON.stringify({ responseId, ...aligned })}\n`)
      } catch (thrown) {
        if (!(thrown instanceof Failure) || thrown.code !== 'tokenizer-unfaithful') throw thrown
        totals.unfaithful++
        file.write(
          `${JSON.stringify({ responseId, error: { code: thrown.code, message: thrown.message } })}\n`
        )
      }
    }
    file.commit()
    return { ...totals, issues }
  } finally {
    file.discard()
  }
}

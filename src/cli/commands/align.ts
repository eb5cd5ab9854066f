import { Option, type Command } from 'commander'
import { alignProject } from '../../app/align/align-project'
import { alignText, type AlignedText } from '../../app/align/align-text'
import { openFolderTokenizer } from '../../app/align/open-tokenizer'
import { readSpans, readText } from '../../app/align/spans-file'
import { openToRead } from '../../app/open-to-read'
import type { Terminal } from '../terminal'

interface AlignWords {
  readonly tokenizer: string
  readonly text?: string
  readonly spans?: string
  readonly project?: string
  readonly out?: string
  readonly mapping: string
  readonly conflict: 'negative-wins' | 'strongest' | 'sum'
  readonly placement: 'every' | 'first' | 'last' | 'mean'
}

/** Spans on a policy's own tokens: of one text, or of every answer of a project. */
export function registerAlignCommands(program: Command, terminal: Terminal): void {
  program
    .command('align')
    .description('spans on the tokens of a model: of one text, or of every answer of a project')
    .requiredOption('--tokenizer <dir>', 'a folder with tokenizer.json')
    .option('--text <file>', 'the text')
    .option('--spans <file>', 'a JSON list of { quote, occurrence?, label } or { start, end, label }')
    .option('--project <file>', 'a project, in place of a text')
    .option('--out <file>', 'with --project: one JSON line an answer')
    .addOption(
      new Option('--mapping <name>', 'how spans become tokens')
        .choices(['exact', 'reference-slf5k', 'reference-ultrafeedback', 'reference-kodcode'])
        .default('exact')
    )
    .addOption(
      new Option('--conflict <rule>', 'where marks of both signs meet')
        .choices(['negative-wins', 'strongest', 'sum'])
        .default('negative-wins')
    )
    .addOption(
      new Option('--placement <rule>', 'which of its tokens a span rewards')
        .choices(['every', 'first', 'last', 'mean'])
        .default('every')
    )
    .action((words: AlignWords, command: Command) => {
      if (words.mapping !== 'exact')
        return terminal.fail({
          code: 'bad-input',
          message: `The mapping ${words.mapping} is not in this version; use --mapping exact.`
        })
      if (words.project !== undefined && words.out !== undefined) return alignWhole(words, terminal)
      if (words.text === undefined || words.spans === undefined || words.project !== undefined)
        return command.error('error: align wants --text and --spans, or --project and --out')
      const text = readText(words.text)
      const spans = readSpans(words.spans)
      const aligned = alignText(openFolderTokenizer(words.tokenizer), text, spans, rulesOf(words))
      terminal.answer(aligned, inWords(aligned))
    })
}

function alignWhole(words: AlignWords, terminal: Terminal): void {
  const project = openToRead(words.project ?? '')
  try {
    const totals = alignProject(
      project,
      openFolderTokenizer(words.tokenizer),
      rulesOf(words),
      words.out ?? ''
    )
    const { responses, tokens, spans, unfaithful } = totals
    terminal.answer(
      totals,
      `${responses} answers, ${tokens} tokens, ${spans} spans; ${unfaithful} answers do not survive the tokenizer.`
    )
  } finally {
    project.close()
  }
}

const rulesOf = ({ conflict, placement }: AlignWords) => ({ conflict, placement, widen: true })

function inWords({ ids, spans, coverage, conflicts }: AlignedText): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  return [
    `${ids.length} tokens: ${percent(coverage.positive)} good, ${percent(coverage.negative)} poor, ${percent(coverage.neutral)} neutral, ${conflicts} in conflict`,
    ...spans.map(
      ({ tier, start, end, tokens, issue }) =>
        `${tier} ${start ?? '?'}–${end ?? '?'}: tokens ${tokens.join(' ') || 'none'}${issue ? ` (${issue})` : ''}`
    )
  ].join('\n')
}

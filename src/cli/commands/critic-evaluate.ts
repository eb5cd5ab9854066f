import { Option, type Command } from 'commander'
import { evaluateOn } from '../../app/critics/evaluate'
import { absoluteCritic } from '../../app/critics/fingerprint'
import { previewWork, requireAllowed } from '../../app/critics/preview'
import type { CriticEvaluation } from '../../contract/critic-evaluation'
import type { Split } from '../../pipeline/optimise/split'
import type { PrecisionRecall } from '../../pipeline/reward/critic-quality/figures'
import { wholeNumber } from '../arguments'
import { deviceOptions, type DeviceWords } from '../device-options'
import { criticPreviewText } from '../critic-preview-text'
import { hostJob } from '../job-host'
import type { Terminal } from '../terminal'
import { progressLine } from './project'

interface EvaluateWords extends DeviceWords {
  readonly critic: string
  readonly project: string
  readonly split: Split
  readonly tokenizer?: string
  readonly seed: number
  readonly resamples: number
  readonly allowHost: readonly string[]
}

/** How far a critic can be trusted, on answers that people marked and that it has not learned from. */
export function registerCriticEvaluateCommand(program: Command, terminal: Terminal): void {
  const group = program.commands.find((command) => command.name() === 'critic') ?? program.command('critic')
  deviceOptions(group.command('evaluate'))
    .description(
      'a critic against people: tokens, spans, calibration, agreement, with intervals and baselines'
    )
    .requiredOption('--critic <critic>', 'rules:FILE, tests, llm:URL#MODEL or trained:DIR')
    .requiredOption('--project <file>', 'the project')
    .addOption(
      new Option('--split <name>', 'documents to evaluate on')
        .choices(['train', 'dev', 'test'])
        .default('test')
    )
    .option('--tokenizer <dir>', 'count its tokens; otherwise the trained critic’s own, or words')
    .option('--seed <n>', 'repeats intervals and baselines', wholeNumber(0), 1)
    .option('--resamples <n>', 'how often intervals draw the documents anew', wholeNumber(1, 100_000), 1000)
    .option('--allow-host <host>', 'a host besides this machine that answers may be sent to', collect, [])
    .action(async ({ project, tokenizer, allowHost, ...words }: EvaluateWords) => {
      const options = { ...words, tokenizer: tokenizer ?? null, allowedHosts: allowHost }
      const preview = await previewWork(
        project,
        { work: 'evaluate', critic: absoluteCritic(words.critic), split: words.split },
        allowHost
      )
      requireAllowed(preview)
      if (preview) terminal.note(criticPreviewText(preview))
      const evaluation = await evaluateOn(project, options, (request) =>
        hostJob(request, { signal: terminal.signal, onProgress: progressLine(terminal) })
      )
      const { quality, ...head } = evaluation
      terminal.answer({ ...head, ...quality }, evaluationText(evaluation))
    })
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value]

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3)

const leftOutText = (leftOut: CriticEvaluation['quality']['leftOut']): string[] =>
  leftOut && leftOut.annotations > 0
    ? [
        `left out: ${leftOut.annotations} annotations that began as its own predictions; ${leftOut.answers} answers have no other`
      ]
    : []

const calibrationText = (calibration: CriticEvaluation['quality']['calibration']): string[] =>
  calibration
    ? [
        `P(poor) of ${calibration.from === 'tokens' ? 'tokens' : 'marks'}: calibration error ${figure(calibration.ece)} over ${calibration.bins.length} bins, Brier ${figure(calibration.brier)} against ${figure(calibration.baseRateBrier)} for the base rate`
      ]
    : []

function evaluationText({ critic, split, tokens, quality }: CriticEvaluation): string {
  const { intervals } = quality
  const range = (name: string): string => {
    const found = intervals[name]
    return found ? ` (${figure(found.low)} to ${figure(found.high)})` : ''
  }
  const line = (word: string, name: string, { precision, recall, f1 }: PrecisionRecall): string =>
    `${word} tokens: precision ${figure(precision)}${range(`${name}.precision`)}, recall ${figure(recall)}${range(`${name}.recall`)}, F1 ${figure(f1)}${range(`${name}.f1`)}`
  return [
    `${critic.id} ${critic.version} on ${quality.answers} answers of ${quality.documents} documents (${split}), ${quality.tokenCount} ${tokens === 'words' ? 'words' : 'tokens'}`,
    ...leftOutText(quality.leftOut),
    line('good', 'tokens.positive', quality.tokens.positive),
    line('poor', 'tokens.negative', quality.tokens.negative),
    `spans: F1 ${figure(quality.spans.exactF1)} exact, ${figure(quality.spans.iou50F1)} at IoU 0.5`,
    `sign flips ${figure(quality.signFlip)}; ${quality.parseFailures} critiques failed`,
    ...calibrationText(quality.calibration),
    ...Object.entries(quality.baselines).map(
      ([name, found]) =>
        `  baseline ${name}: poor F1 ${figure(found.tokens.negative.f1)}, good F1 ${figure(found.tokens.positive.f1)}; the critic is above it by ${figure(intervals[`above.${name}.tokens.negative.f1`]?.value)}${range(`above.${name}.tokens.negative.f1`)}`
    ),
    ...[...quality.agreement.withCritic, ...quality.agreement.amongPeople].map(
      ({ first, second, answers, spanF1, kappa }) =>
        `  ${first} and ${second}: span F1 ${figure(spanF1.iou50)}, kappa ${figure(kappa)}, ${answers} answers`
    )
  ].join('\n')
}

import { userInfo } from 'node:os'
import type { Command } from 'commander'
import { changeThresholds } from '../../app/critics/thresholds'
import type { ThresholdsView } from '../../contract/critic-thresholds'
import type { CriticThresholds } from '../../pipeline/reward/critic-quality/gate'
import { share, wholeNumber } from '../arguments'
import type { Terminal } from '../terminal'

interface ThresholdsWords extends Partial<CriticThresholds> {
  readonly project: string
}

/** What a project's critics must reach before a run may train on one. */
export function registerCriticThresholdsCommand(program: Command, terminal: Terminal): void {
  const group = program.commands.find((command) => command.name() === 'critic') ?? program.command('critic')
  group
    .command('thresholds')
    .description('what a critic must reach on the test split before a run may train on it; options change it')
    .requiredOption('--project <file>', 'the project')
    .option('--poor-precision <share>', 'least lower end of the precision on poor tokens', share)
    .option('--poor-f1 <share>', 'least F1 on poor tokens', share)
    .option('--failures <share>', 'largest share of critiques that fail', share)
    .option('--sign-flip <share>', 'largest share of tokens marked by both with the opposite sign', share)
    .option('--documents <n>', 'fewest documents that the figures come from', wholeNumber(1, 1_000_000))
    .action(({ project, ...changes }: ThresholdsWords) => {
      const view = changeThresholds(project, changes, userInfo().username || 'command line')
      terminal.answer(view, thresholdsText(view))
    })
}

function thresholdsText({ current, defaults, changes }: ThresholdsView): string {
  const line = (words: string, name: keyof CriticThresholds): string =>
    `${words} ${current[name]}${current[name] === defaults[name] ? '' : ` (${defaults[name]} where nobody changes it)`}`
  return [
    line('precision on poor tokens, the lower end of its interval: at least', 'poorPrecision'),
    line('F1 on poor tokens: at least', 'poorF1'),
    line('critiques that fail: at most', 'failures'),
    line('tokens marked by both with the opposite sign: at most', 'signFlip'),
    line('documents: at least', 'documents'),
    ...changes.map(({ person, at }) => `changed by ${person} on ${at}`)
  ].join('\n')
}

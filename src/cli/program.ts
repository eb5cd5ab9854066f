import { Command, CommanderError } from 'commander'
import { version } from '../app/version'
import { registerAlignCommands } from './commands/align'
import { registerCriticEvaluateCommand } from './commands/critic-evaluate'
import { registerCriticThresholdsCommand } from './commands/critic-thresholds'
import { registerCriticCommands } from './commands/critic'
import { registerDemoCommand } from './commands/demo'
import { registerModelCommands } from './commands/model'
import { registerProjectCommands } from './commands/project'
import { registerReportCommand } from './commands/report'
import { registerRunCommands } from './commands/run'
import { registerSampleCommand } from './commands/sample'
import { Terminal, type Streams } from './terminal'

/**
 * One file per group of commands. Each takes the program and the terminal, declares its commands, and in their
 * actions calls `terminal.answer` once. A thrown `Failure` becomes exit 1, wrong usage exit 2.
 */
const groups: readonly ((program: Command, terminal: Terminal) => void)[] = [
  registerProjectCommands,
  registerAlignCommands,
  registerModelCommands,
  registerRunCommands,
  registerCriticCommands,
  registerSampleCommand,
  registerCriticEvaluateCommand,
  registerCriticThresholdsCommand,
  registerReportCommand,
  registerDemoCommand
]

/** Runs one command line (without `node` and the script) and returns its exit code. */
export async function runCommandLine(
  words: readonly string[],
  streams: Streams,
  onStart?: (terminal: Terminal) => void
): Promise<number> {
  const terminal = new Terminal(asksForJson(words), streams)
  onStart?.(terminal)
  try {
    await buildProgram(terminal, streams).parseAsync(words, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) terminal.fail(thrown)
    else if (thrown.exitCode !== 0) terminal.fail(usage(thrown), 2)
  }
  return terminal.exitCode
}

export function buildProgram(terminal: Terminal, streams: Streams): Command {
  const program = new Command('text2grad')
  program
    .description('Mark spans of model answers, say why, and train a language model on your words. Offline.')
    .version(version, '--version', 'print the version')
    .option('--json', 'print exactly one JSON document on standard output')
    .showHelpAfterError('(run text2grad --help, or text2grad COMMAND --help)')
    .configureOutput({
      writeOut: streams.out,
      writeErr: streams.error,
      // the terminal says it, once
      outputError: () => undefined
    })
    .exitOverride()
  for (const register of groups) register(program, terminal)
  return program
}

/** Read before parsing, so that wrong usage too is answered in JSON. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).includes('--json')
}

function usage(error: CommanderError): { code: 'unknown-command'; message: string } {
  const message =
    error.code === 'commander.help'
      ? 'Name a command; text2grad --help lists them.'
      : error.message.replace(/^error: /, '')
  return { code: 'unknown-command', message }
}

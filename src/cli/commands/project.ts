import type { Command } from 'commander'
import { doctor } from '../../app/doctor'
import type { Terminal } from '../terminal'

/** Commands about this machine and about one project file. */
export function registerProjectCommands(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('what this machine can do')
    .action(() => {
      const found = doctor()
      const devices = found.devices.map(({ name, usable, reason }) =>
        usable ? `${name} can be used` : `${name} cannot be used: ${reason ?? 'unknown reason'}`
      )
      terminal.answer(
        found,
        [`Node ${found.node}, SQLite ${found.sqlite}, ONNX Runtime ${found.onnxruntime}`, ...devices].join(
          '\n'
        )
      )
    })
}

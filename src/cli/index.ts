import { runCommandLine } from './program'

const streams = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text)
}

// A reader that went away (`text2grad show | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

void runCommandLine(process.argv.slice(2), streams, (terminal) => {
  process.once('SIGINT', () => {
    terminal.note('Stopping; press Ctrl-C again to stop at once.')
    terminal.cancel()
    process.once('SIGINT', () => process.exit(130))
  })
}).then((exitCode) => {
  process.exitCode = exitCode
})

import { app } from 'electron'
import log from 'electron-log/main'
import { join } from 'node:path'

/**
 * The log file: what the program did and which codes it failed with. Never a text of the project: messages of
 * failures may quote one, so only their codes are written, and of a bug only its place in the code.
 */
export function startLog(): void {
  log.transports.file.resolvePathFn = () => join(app.getPath('userData'), 'logs', 'studio.log')
  log.transports.file.level = 'info'
  log.transports.console.level = process.env.TEXT2GRAD_VERBOSE ? 'info' : false
  process.on('uncaughtException', (error) => logBug('main', error))
  process.on('unhandledRejection', (reason) => logBug('main', reason))
}

export const note = (what: string): void => log.info(what)

export function logBug(where: string, thrown: unknown): void {
  const { name, stack } = thrown instanceof Error ? thrown : { name: typeof thrown, stack: '' }
  const places = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  log.error([`${where}: ${name}`, ...places].join('\n'))
}

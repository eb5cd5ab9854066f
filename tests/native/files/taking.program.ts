import { TrainerLock } from '../../../src/files/trainer-lock'
import { toFailure } from '../../../src/contract/errors'

/** A program that takes each folder that it is told of, at the instant that it is told; it gives none back. */
process.on('message', ({ dir, at }: { readonly dir: string; readonly at: number }) => {
  while (Date.now() < at);
  try {
    TrainerLock.take(dir)
    process.send?.('taken')
  } catch (thrown) {
    const { code, message } = toFailure(thrown)
    process.send?.(`${code}: ${message}`)
  }
})
process.send?.('ready')

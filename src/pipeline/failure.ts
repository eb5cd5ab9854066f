/**
 * An expected failure: something a person can act on. Thrown inside the product, turned into a value at every
 * border (IPC, job message, command line). `code` is one of `contract/errors.ts`; `message` is one sentence for a
 * person that names the file or record and what to do. Anything else that is thrown is a bug.
 */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string
  ) {
    super(message)
    this.name = 'Failure'
  }
}

/**
 * An expected failure inside the engine: something a person can act on. `code` is one of the product's error codes;
 * `message` is one sentence that names the file, tensor or device and what to do. The engine imports nothing of the
 * product, so the codes that it may use are listed here.
 */
export type EngineFailureCode =
  | 'architecture-unsupported'
  | 'checkpoint-corrupt'
  | 'tensor-missing'
  | 'vocabulary-mismatch'
  | 'device-unavailable'
  | 'not-a-number'
  | 'not-found'
  | 'not-a-file'
  | 'empty-file'
  | 'bad-json'
  | 'bad-input'
  | 'bad-configuration'
  | 'unreadable'
  | 'read-only'
  | 'disk-full'
  | 'cancelled'
  | 'run-not-resumable'

export class EngineFailure extends Error {
  constructor(
    readonly code: EngineFailureCode,
    message: string
  ) {
    super(message)
    this.name = 'EngineFailure'
  }
}

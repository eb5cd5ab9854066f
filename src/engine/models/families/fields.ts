import { EngineFailure } from '../../failure'

/** A JSON object of `config.json`. */
export type Json = Readonly<Record<string, unknown>>

/** Reads the fields of `config.json`; what is not as it has to be is refused in one sentence. */
export class Fields {
  constructor(
    readonly json: Json,
    private readonly file: string,
    private readonly supported: string
  ) {}

  /** Throws EngineFailure `architecture-unsupported`, which says what was asked for and what there is. */
  unsupported(what: string, supported = this.supported): never {
    throw new EngineFailure(
      'architecture-unsupported',
      `${this.file} asks for ${what}; the engine supports ${supported}.`
    )
  }

  /** A whole number above 0. */
  size(key: string): number {
    return this.optionalSize(key) ?? this.unsupported(`no ${key}, which has to be given`)
  }

  optionalSize(key: string): number | undefined {
    const value = this.optionalNumber(key)
    if (value !== undefined && (!Number.isInteger(value) || value > 1e9))
      this.unsupported(`${key} = ${value}, which has to be a whole number above 0`)
    return value
  }

  /** A number above 0. */
  optionalNumber(key: string): number | undefined {
    const value = this.json[key]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      this.unsupported(`${key} = ${JSON.stringify(value)}, which has to be a number above 0`)
    return value
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.json[key] ?? otherwise
    if (typeof value !== 'boolean')
      this.unsupported(`${key} = ${JSON.stringify(value)}, which has to be true or false`)
    return value
  }

  text(key: string): string | undefined {
    const value = this.json[key]
    return typeof value === 'string' ? value : undefined
  }

  /** Token ids: one, a list, or none. */
  tokens(key: string): readonly number[] {
    const value = this.json[key]
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.filter((token): token is number => Number.isInteger(token) && (token as number) >= 0)
  }

  /** Refuses a setting that has any other value than those that the engine computes; absent is the first of them. */
  only(key: string, ...allowed: readonly unknown[]): void {
    const value = this.json[key] ?? allowed[0]
    if (!allowed.includes(value)) this.unsupported(`${key} = ${JSON.stringify(value)}`)
  }
}

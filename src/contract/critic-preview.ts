/** What an `llm:` critic would send, shown before anything is. */
export interface CriticPreview {
  /** Where requests go: the whole address. */
  readonly url: string
  readonly host: string
  /** The host is this machine; any other needs permission. */
  readonly loopback: boolean
  readonly allowed: boolean
  /** Name of the environment variable whose value is sent as a key; null: no key is sent. */
  readonly apiKeyVariable: string | null
  /** The body of the first request, to the letter; `{{answer}}` stands where an answer will that is not written yet. */
  readonly request: string
  /** Answers that would be asked about. */
  readonly answers: number
  /** Requests, if every first reply is right, and at the most. */
  readonly requests: { readonly least: number; readonly most: number }
  /** Tokens of the least requests, about: a quarter of the bytes, and the longest replies; the exact count is the server's. */
  readonly tokens: number
  readonly budget: {
    readonly requests: number | null
    readonly tokens: number | null
    readonly seconds: number | null
  }
}

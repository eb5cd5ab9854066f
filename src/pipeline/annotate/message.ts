/** One turn of a prompt. A prompt is a list of these, plus optional context passages. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** A titled passage that the answer may draw on. */
export interface Passage {
  readonly title: string
  readonly text: string
}

/**
 * The canonical spelling of a reply as a machine over bytes of UTF-8, but for what depends on the response: the words
 * of a quote and the number of its occurrence, which `quote-states.ts` adds.
 */
export interface Grammar {
  /** States are 0 to `states` − 1. */
  readonly states: number
  /** [states × 256]: where a byte leads: a state, `refused`, or `quote`. */
  readonly next: Int16Array
  readonly start: number
  /** The object is complete. */
  readonly done: number
  /** After an occurrence, before the comma. */
  readonly afterOccurrence: number
  /** Before the first letter of a polarity. */
  readonly polarity: number
}

export const refused = -1
/** The first byte of a quote comes next. */
export const quote = -2
/** What stands between a quote and its occurrence, the quotation mark that ends the quote included. */
export const beforeOccurrence = '","occurrence":'

const polarities = ['good', 'poor', 'neutral']

/** `leadingSpace`: one space may stand before the object, because decoding takes it off again. */
export function replyGrammar(leadingSpace: boolean): Grammar {
  const rows: Int16Array[] = []
  const add = (): number => rows.push(new Int16Array(256).fill(refused)) - 1
  const on = (state: number, byte: number | string, target: number): void => {
    rows[state][typeof byte === 'string' ? byte.charCodeAt(0) : byte] = target
  }
  const range = (state: number, first: number, last: number, target: number): void => {
    rows[state].fill(target, first, last + 1)
  }
  /** The state before a literal, after which `target` comes. */
  const literal = (text: string, target: number): number =>
    [...text].reduceRight((after, character) => {
      const state = add()
      on(state, character, after)
      return state
    }, target)

  const done = add()
  const end = literal('}', done)
  const afterSpan = add()
  on(afterSpan, ']', end)
  const quoteKey = literal('"quote":"', quote)
  on(afterSpan, ',', literal('{', quoteKey))
  const reason = anyText(literal('}', afterSpan))
  const reasonKey = literal(',"reason":"', reason)
  const polarity = add()
  for (const word of polarities) on(polarity, word[0], literal(`${word.slice(1)}"`, reasonKey))
  const afterOccurrence = literal(',"polarity":"', polarity)
  const firstSpan = add()
  on(firstSpan, ']', end)
  on(firstSpan, '{', quoteKey)
  const critique = blankText(literal(',"spans":[', firstSpan))
  const start = literal('{"critique":"', critique)
  if (leadingSpace) {
    const afterSpace = add()
    rows[afterSpace].set(rows[start])
    on(start, ' ', afterSpace)
  }

  const next = new Int16Array(rows.length * 256)
  rows.forEach((row, state) => next.set(row, state * 256))
  return { states: rows.length, next, start, done, afterOccurrence, polarity }

  /** The inside of a string, its end included. */
  function anyText(after: number): number {
    const text = add()
    characters(text, text, after)
    return text
  }

  /**
   * The same for a string that must say something: until a character comes that is surely visible it cannot end. The
   * blocks of U+0080, U+1680, U+2000, U+2040, U+3000 and U+FEC0 (64 code points each) hold all white space beyond
   * ASCII and count as blank as a whole.
   */
  function blankText(after: number): number {
    const text = anyText(after)
    const blank = add()
    characters(blank, text, refused)
    on(blank, ' ', blank)
    on(blank, '\\', escape(blank, text))
    const blankLast = add()
    range(blankLast, 0x80, 0xbf, blank)
    on(blank, 0xc2, blankLast)
    const blocks: readonly (readonly [lead: number, second: readonly number[]])[] = [
      [0xe1, [0x9a]],
      [0xe2, [0x80, 0x81]],
      [0xe3, [0x80]],
      [0xef, [0xbb]]
    ]
    for (const [lead, seconds] of blocks) {
      const second = add()
      rows[second].set(rows[rows[blank][lead]])
      for (const byte of seconds) on(second, byte, blankLast)
      on(blank, lead, second)
    }
    return blank
  }

  /** From `state`: one character in its only spelling leads to `target`, the quotation mark to `after`. */
  function characters(state: number, target: number, after: number): void {
    range(state, 0x20, 0x7f, target)
    on(state, '"', after)
    on(state, '\\', escape(target, target))
    const [one, two, three] = [add(), add(), add()]
    range(one, 0x80, 0xbf, target)
    range(two, 0x80, 0xbf, one)
    range(three, 0x80, 0xbf, two)
    range(state, 0xc2, 0xdf, one)
    range(state, 0xe1, 0xef, two)
    range(state, 0xf1, 0xf3, three)
    // Second bytes that would make overlong forms, surrogates or numbers past U+10FFFF are left out.
    for (const [lead, first, last, then] of [
      [0xe0, 0xa0, 0xbf, one],
      [0xed, 0x80, 0x9f, one],
      [0xf0, 0x90, 0xbf, two],
      [0xf4, 0x80, 0x8f, two]
    ]) {
      const second = add()
      range(second, first, last, then)
      on(state, lead, second)
    }
  }

  /** After a backslash: `\"` and `\\` are visible; `\n` and the others are the control characters' only spelling. */
  function escape(control: number, visible: number): number {
    const state = add()
    on(state, '"', visible)
    on(state, '\\', visible)
    for (const letter of 'bfnrt') on(state, letter, control)
    const [low, high, digits] = [add(), add(), add()]
    for (const digit of '01234567bef') on(low, digit, control)
    for (const digit of '0123456789abcdef') on(high, digit, control)
    on(digits, '0', low)
    on(digits, '1', high)
    on(state, 'u', literal('00', digits))
    return state
  }
}

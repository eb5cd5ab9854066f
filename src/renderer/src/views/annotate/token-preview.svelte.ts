import type { TokenView } from '../../../../contract/ipc'
import { alignSpans, defaultAlignRules, type Alignment } from '../../../../pipeline/align/align'
import { models } from '../../state/models.svelte'
import { load, type Loaded } from '../../state/studio'
import type { Answer } from './answer.svelte'

/**
 * The answer as the policy reads it: its tokens, asked for once per answer and model, and the reward of each,
 * computed here by the same function as in the trainer, anew on every change of a mark.
 */
export class TokenPreview {
  shown = $state(false)
  private tokens = $state.raw<Loaded<TokenView>>({ state: 'waiting' })
  private asked = ''

  loaded = $derived(this.tokens)
  private readonly known = new Map<string, TokenView>()

  alignment = $derived.by<Alignment | undefined>(() => {
    const answer = this.answer()
    if (!this.shown || !answer || this.tokens.state !== 'ready' || this.tokens.value.unfaithful !== null)
      return undefined
    return alignSpans({
      text: answer.view.text,
      offsets: this.tokens.value.offsets,
      spans: answer.training.map((mark) => ({ ...answer.marks.toSpan(mark), polarity: mark.polarity })),
      rules: defaultAlignRules
    })
  })

  constructor(private readonly answer: () => Answer | undefined) {}

  /** Reads the tokens of the answer on screen under the current model, if they are to be shown. */
  async refresh(): Promise<void> {
    const answer = this.answer()
    const modelDir = models.current?.dir
    if (!this.shown || !answer || !modelDir) return
    const key = `${modelDir}\n${answer.responseId}`
    this.asked = key
    const known = this.known.get(key)
    if (known) {
      this.tokens = { state: 'ready', value: known }
      return
    }
    this.tokens = { state: 'waiting' }
    const loaded = await load('align.tokens', { responseId: answer.responseId, modelDir })
    if (loaded.state === 'ready') this.known.set(key, loaded.value)
    if (this.asked === key) this.tokens = loaded
  }

  /** The token that covers a code point, or the one before it at the end of the text. */
  tokenAt(codePoint: number): number {
    if (this.tokens.state !== 'ready') return -1
    const { offsets } = this.tokens.value
    const place = offsets.findIndex(([, end]) => end > codePoint)
    return place < 0 ? offsets.length - 1 : place
  }

  /** The nearest token border before (-1) or after (1) a code point. */
  border(codePoint: number, direction: -1 | 1): number {
    if (this.tokens.state !== 'ready') return codePoint
    const { offsets } = this.tokens.value
    return direction > 0
      ? (offsets.find(([, end]) => end > codePoint)?.[1] ?? codePoint)
      : (offsets.filter(([start]) => start < codePoint).at(-1)?.[0] ?? codePoint)
  }
}

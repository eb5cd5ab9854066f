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
  /** The last answer of `align.tokens`, and what it was asked for. */
  private told = $state.raw<{ key: string; tokens: Loaded<TokenView> }>({
    key: '',
    tokens: { state: 'waiting' }
  })
  private readonly known = new Map<string, TokenView>()

  /** Tokens of the answer on screen; those of another answer are never shown in their place. */
  loaded = $derived.by<Loaded<TokenView>>(() =>
    this.told.key === this.key() ? this.told.tokens : { state: 'waiting' }
  )
  private tokens = $derived(this.loaded.state === 'ready' ? this.loaded.value : undefined)

  alignment = $derived.by<Alignment | undefined>(() => {
    const answer = this.answer()
    if (!this.shown || !answer || !this.tokens || this.tokens.unfaithful !== null) return undefined
    return alignSpans({
      text: answer.view.text,
      offsets: this.tokens.offsets,
      spans: answer.training.map((mark) => ({ ...answer.marks.toSpan(mark), polarity: mark.polarity })),
      rules: defaultAlignRules
    })
  })

  constructor(private readonly answer: () => Answer | undefined) {}

  /** Reads the tokens of the answer on screen under the current model, if they are to be shown. */
  async refresh(): Promise<void> {
    const answer = this.answer()
    const modelDir = models.current?.dir
    const key = this.key()
    if (!this.shown || !answer || !modelDir || key === undefined || this.told.key === key) return
    const known = this.known.get(key)
    this.told = { key, tokens: known ? { state: 'ready', value: known } : { state: 'waiting' } }
    if (known) return
    const tokens = await load('align.tokens', { responseId: answer.responseId, modelDir })
    if (tokens.state === 'ready') this.known.set(key, tokens.value)
    if (this.told.key === key) this.told = { key, tokens }
  }

  /** The token that covers a code point, or the one before it at the end of the text. */
  tokenAt(codePoint: number): number {
    if (!this.tokens) return -1
    const place = this.tokens.offsets.findIndex(([, end]) => end > codePoint)
    return place < 0 ? this.tokens.offsets.length - 1 : place
  }

  /** The nearest token border before (-1) or after (1) a code point. */
  border(codePoint: number, direction: -1 | 1): number {
    const offsets = this.tokens?.offsets ?? []
    return direction > 0
      ? (offsets.find(([, end]) => end > codePoint)?.[1] ?? codePoint)
      : (offsets.filter(([start]) => start < codePoint).at(-1)?.[0] ?? codePoint)
  }

  private key(): string | undefined {
    const answer = this.answer()
    return answer && models.current && `${models.current.dir}\n${answer.responseId}`
  }
}

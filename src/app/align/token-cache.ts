import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { TokenView } from '../../contract/ipc'
import { isUnfaithful, type Offset, type Unfaithful } from '../../tokens/tokenizer'
import { sha256 } from '../sha256'
import { openFolderTokenizer, type FolderTokenizer } from './open-tokenizer'

/** An answer as its tokens are made: sampled ids are taken as they are, never encoded again. */
export interface AnswerToTokenise {
  readonly text: string
  readonly sampled: { readonly ids: readonly number[]; readonly tokenizerHash: string } | null
}

const mostKept = 2000

/**
 * Tokens and their places, made once an answer and tokenizer. An answer is tokenised by itself (contracts: "Prompt
 * and response"), so the template has no part in it.
 */
export class TokenCache {
  private readonly tokenizers = new Map<string, FolderTokenizer & { readonly changed: number }>()
  private readonly views = new Map<string, TokenView>()

  /** @throws Failure those of `openFolderTokenizer` */
  tokens(modelDir: string, answer: AnswerToTokenise): TokenView {
    const folder = this.tokenizer(modelDir)
    const own = answer.sampled?.tokenizerHash === folder.hash ? answer.sampled.ids : null
    const key = sha256(`${folder.hash}\n${own?.join() ?? ''}\n${answer.text}`)
    const known = this.views.get(key)
    if (known) return known
    const view = tokenise(folder, answer.text, own)
    const oldest = this.views.keys().next()
    if (this.views.size >= mostKept && !oldest.done) this.views.delete(oldest.value)
    this.views.set(key, view)
    return view
  }

  private tokenizer(modelDir: string): FolderTokenizer {
    const changed = statSync(join(modelDir, 'tokenizer.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
    const known = this.tokenizers.get(modelDir)
    if (known?.changed === changed) return known
    const opened = { ...openFolderTokenizer(modelDir), changed }
    this.tokenizers.set(modelDir, opened)
    return opened
  }
}

/** The tokens of one answer; `own` are the ids it was sampled with. */
export function tokenise(
  { tokenizer }: FolderTokenizer,
  text: string,
  own: readonly number[] | null
): TokenView {
  const result = own ? withIds(own, tokenizer.offsetsOf(own, text)) : tokenizer.withOffsets(text)
  if (isUnfaithful(result)) return { ids: [], tokens: [], offsets: [], unfaithful: result.unfaithful }
  const { ids, offsets } = result
  return { ids, tokens: ids.map((id) => tokenizer.tokenText(id)), offsets, unfaithful: null }
}

function withIds(
  ids: readonly number[],
  result: { readonly offsets: Offset[] } | Unfaithful
): { readonly ids: readonly number[]; readonly offsets: Offset[] } | Unfaithful {
  return isUnfaithful(result) ? result : { ids, offsets: result.offsets }
}

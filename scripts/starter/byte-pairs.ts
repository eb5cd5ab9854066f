/**
 * Builds a byte-level byte-pair tokenizer (Sennrich et al. 2016, on bytes as in GPT-2) from texts, as the contents
 * of tokenizer.json. Any text survives it, because every byte is a token.
 */
const words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

/** GPT-2's printable stand-in for each byte. */
export function byteSymbols(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let spare = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : spare++))
}

/** Merges in the order learnt: the commonest neighbours first, and of equals the first in code-point order. */
export function learnMerges(texts: Iterable<string>, count: number): [string, string][] {
  const symbols = byteSymbols()
  const counts = new Map<string, number>()
  for (const text of texts)
    for (const [word] of text.matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1)
  const pieces = [...counts].map(([word, times]) => ({
    times,
    parts: [...Buffer.from(word, 'utf8')].map((byte) => symbols[byte])
  }))
  const merges: [string, string][] = []
  while (merges.length < count) {
    const pairs = new Map<string, number>()
    for (const { parts, times } of pieces)
      for (let at = 1; at < parts.length; at++) {
        const pair = `${parts[at - 1]} ${parts[at]}`
        pairs.set(pair, (pairs.get(pair) ?? 0) + times)
      }
    if (pairs.size === 0) break
    const [best] = [...pairs].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))
    const [left, right] = best.split(' ')
    merges.push([left, right])
    for (const piece of pieces) join(piece.parts, left, right)
  }
  return merges
}

function join(parts: string[], left: string, right: string): void {
  for (let at = 0; at + 1 < parts.length; at++)
    if (parts[at] === left && parts[at + 1] === right) parts.splice(at, 2, left + right)
}

export const startToken = '<s>'
export const endToken = '</s>'

/** tokenizer.json: ids are the two special tokens, then the bytes, then the merges in order. */
export function tokenizerJson(merges: readonly [string, string][]): object {
  const special = [startToken, endToken]
  const tokens = [...special, ...byteSymbols(), ...merges.map((pair) => pair.join(''))]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges
    }
  }
}

export const tokenizerConfigJson = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: startToken,
  eos_token: endToken,
  add_bos_token: true,
  add_eos_token: false,
  clean_up_tokenization_spaces: false,
  model_max_length: 256,
  chat_template: "{{ bos_token }}{{ messages[-1]['content'] }}{{ '\\n\\n' }}"
}

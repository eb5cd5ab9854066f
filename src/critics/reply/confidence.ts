import { serialiseReply, type Reply } from './format'

/** A written reply, token by token. */
export interface WrittenReply {
  readonly ids: readonly number[]
  /** Nats, in the distribution that each token was drawn from. */
  readonly logProbs: readonly number[]
  /** Nats, in the model's own distribution: no mask, no temperature. */
  readonly policyLogProbs: readonly number[]
}

/** How much of the model's own probability the mask left, token by token: 1 where it forbade nothing likely. */
export interface AllowedMass {
  /** Geometric mean over the tokens. */
  readonly mean: number
  /** Of the token where the mask left the least: near 0, the model wanted something else and was not let. */
  readonly least: number
}

export interface SpanConfidence {
  /** `quote` × `polarity`, in [0, 1]. Raw: to be calibrated on dev before it is shown as a probability. */
  readonly confidence: number
  /** Geometric mean of the unmasked probabilities of the tokens that hold the quote's words. */
  readonly quote: number
  /** Product of the unmasked probabilities of the tokens that hold the polarity's word. */
  readonly polarity: number
  /** Over all these tokens. */
  readonly allowedMass: AllowedMass
}

export interface ReplyConfidence {
  /** In the order of the reply's spans. */
  readonly spans: readonly SpanConfidence[]
  /** Geometric mean of the unmasked probabilities of all tokens, in [0, 1]. */
  readonly confidence: number
  readonly allowedMass: AllowedMass
}

/**
 * What the model itself thinks of a reply that it was made to write: the probabilities are those of its own, unmasked
 * distribution, so that a span which only the mask brought about has hardly any. A token counts for the quote (the
 * polarity) if one of its bytes is inside the words; one token may hold both. The mean is taken over the quote because
 * a long quote is not a doubtful one; a polarity is one choice, however many tokens spell it.
 *
 * The allowed mass of a token is exp(policyLogProb − logProb), which is the sum of the unmasked probabilities of the
 * tokens that the mask allowed, when the token was taken greedily or drawn at temperature 1 without filters or penalty.
 *
 * `bytes`: what each token adds to the text (`ReplyVocabulary.bytes`). null if the tokens are not the canonical spelling
 * of `reply`, which constrained decoding always is: then nothing is known of its places.
 */
export function replyConfidence(
  written: WrittenReply,
  reply: Reply,
  bytes: (id: number) => Uint8Array
): ReplyConfidence | null {
  const { ids } = written
  const lead = ids.length > 0 && bytes(ids[0])[0] === 0x20 ? 1 : 0
  const ends: number[] = []
  let length = -lead
  for (const id of ids) ends.push((length += bytes(id).length))
  const text = Buffer.concat(ids.map((id) => bytes(id))).subarray(lead)
  if (text.toString('utf8') !== serialiseReply(reply)) return null

  const all = ids.map((_, token) => token)
  const tokensIn = ({ start, end }: Place): number[] =>
    all.filter((token) => ends[token] > start && (ends[token - 1] ?? -lead) < end)
  const spans = placesOf(reply).map((place): SpanConfidence => {
    const quoteTokens = tokensIn(place.quote)
    const polarityTokens = tokensIn(place.polarity)
    const quote = Math.exp(mean(quoteTokens.map((token) => written.policyLogProbs[token])))
    const polarity = Math.exp(sum(polarityTokens.map((token) => written.policyLogProbs[token])))
    const tokens = [...new Set([...quoteTokens, ...polarityTokens])]
    return { confidence: quote * polarity, quote, polarity, allowedMass: massOf(written, tokens) }
  })
  const confidence = Math.exp(mean(written.policyLogProbs))
  return { spans, confidence, allowedMass: massOf(written, all) }
}

/** Bytes of the canonical reply, half-open. */
interface Place {
  readonly start: number
  readonly end: number
}

/** Where the words of quotes and polarities stand, without their quotation marks. */
function placesOf({ critique, spans }: Reply): { quote: Place; polarity: Place }[] {
  const size = (text: string): number => Buffer.byteLength(text)
  let at = size(`{"critique":${JSON.stringify(critique)},"spans":[`)
  return spans.map((span) => {
    const quoteStart = at + size('{"quote":"')
    const quoteEnd = quoteStart + size(JSON.stringify(span.quote)) - 2
    const polarityStart = quoteEnd + size(`","occurrence":${span.occurrence},"polarity":"`)
    at = polarityStart + size(`${span.polarity}","reason":${JSON.stringify(span.reason)}},`)
    return {
      quote: { start: quoteStart, end: quoteEnd },
      polarity: { start: polarityStart, end: polarityStart + size(span.polarity) }
    }
  })
}

function massOf({ logProbs, policyLogProbs }: WrittenReply, tokens: readonly number[]): AllowedMass {
  // Rounding may put the policy's probability a little above the masked one.
  const masses = tokens.map((token) => Math.min(0, policyLogProbs[token] - logProbs[token]))
  return { mean: Math.exp(mean(masses)), least: Math.exp(Math.min(0, ...masses)) }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : sum(values) / values.length)

import type { RopeConfig } from './decoder-config'

/**
 * Angle per position of each pair of elements, [headSize / 2].
 * Sources: Su et al., RoFormer (default); Chen et al., Position Interpolation (linear: positions divided by the
 * factor); Ding et al., LongRoPE (longrope: a divisor for each pair); Llama 3.1's scaling (llama3: long wavelengths
 * divided by the factor, short ones kept, a ramp between).
 */
export function inverseFrequencies(rope: RopeConfig, headSize: number): number[] {
  const plain = Array.from({ length: headSize / 2 }, (_, pair) => rope.theta ** ((-2 * pair) / headSize))
  switch (rope.type) {
    case 'default':
      return plain
    case 'linear':
      return plain.map((frequency) => frequency / rope.factor)
    case 'longrope':
      return plain.map((frequency, pair) => frequency / rope.factors[pair])
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = rope
      return plain.map((frequency) => {
        const turns = (originalContextLength * frequency) / (2 * Math.PI) // over the original context
        const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)))
        return kept * frequency + ((1 - kept) * frequency) / factor
      })
    }
  }
}

/** Cosine and sine of position × frequency, times what LongRoPE scales them by, each [positions, headSize / 2]. */
export function ropeTables(
  rope: RopeConfig,
  headSize: number,
  positions: number
): { cosine: Float32Array; sine: Float32Array } {
  const frequencies = inverseFrequencies(rope, headSize)
  const half = frequencies.length
  const scale = rope.type === 'longrope' ? rope.attentionFactor : 1
  const angle = (index: number): number => Math.floor(index / half) * frequencies[index % half]
  return {
    cosine: Float32Array.from({ length: positions * half }, (_, index) => scale * Math.cos(angle(index))),
    sine: Float32Array.from({ length: positions * half }, (_, index) => scale * Math.sin(angle(index)))
  }
}

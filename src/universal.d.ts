/**
 * The few globals that every runtime of ours has (Node 18 and later, Chrome 114 and later).
 * The pure folders are typed against these alone: no DOM, no Node.
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}
declare const performance: { now(): number }

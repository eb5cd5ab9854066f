import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

/** Bytes read at once. */
const pieceBytes = 1 << 22

/** SHA-256, hex, of a file of any size, read in pieces. */
export function fileSha256(path: string): string {
  const hash = createHash('sha256')
  const piece = new Uint8Array(pieceBytes)
  const handle = openSync(path, 'r')
  try {
    for (let read; (read = readSync(handle, piece)) > 0;) hash.update(piece.subarray(0, read))
  } finally {
    closeSync(handle)
  }
  return hash.digest('hex')
}

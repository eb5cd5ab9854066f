import { Failure } from '../pipeline/failure'
import { fineGrainedRlhf } from './fine-grained-rlhf'
import type { RecordFormat } from './format'
import { jsonl } from './jsonl'
import { t2gJsonl } from './t2g-jsonl'

/** In the order in which they are tried. */
export const importFormats: readonly RecordFormat[] = [t2gJsonl, fineGrainedRlhf, jsonl]

export function detectFormat(first: unknown): RecordFormat | null {
  return importFormats.find((format) => format.detects(first)) ?? null
}

/** @throws Failure unknown-format */
export function formatNamed(name: string): RecordFormat {
  const wanted = name.toLowerCase()
  const format = importFormats.find(({ name, aliases }) => name === wanted || aliases.includes(wanted))
  if (format) return format
  throw new Failure(
    'unknown-format',
    `There is no format "${name}"; choose auto, ${importFormats.map(({ name }) => name).join(', ')}.`
  )
}

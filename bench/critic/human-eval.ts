import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A task of HumanEval (Chen et al. 2021), as its file has it. */
export interface HumanEvalTask {
  readonly task_id: string
  readonly prompt: string
  readonly canonical_solution: string
  readonly test: string
  readonly entry_point: string
}

/** Reads `HumanEval.jsonl.gz`. */
export const readHumanEval = (file: string): HumanEvalTask[] =>
  gunzipSync(readFileSync(file))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HumanEvalTask)

import { existsSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { ExportResult, JobRequest, Progress } from '../contract/job'
import { checkGgufWeights, readGgufModel } from '../engine/checkpoint/gguf/model'
import { writeGguf } from '../engine/checkpoint/gguf/write'
import { mergeModelFolder } from '../engine/checkpoint/merge-model'
import { outlineModelFolder } from '../engine/checkpoint/model-folder'
import { loadAdapter, type Adapter } from '../engine/checkpoint/peft'
import type { DecoderConfig } from '../engine/models/decoder-config'
import { Failure } from '../pipeline/failure'
import { compareLogits, type Precision } from './compare-logits'
import type { JobContext } from './context'
import { openChosen } from './devices'
import { ggmlMetadata } from './ggml-metadata'
import { forwardLogits } from './logits'
import { openModel } from './open-model'

type ExportRequest = Extract<JobRequest, { kind: 'export' }>

/**
 * Writes a model with its adapter added, reloads what was written, and compares its logits with those of model and
 * adapter. It gets its name only after that: until then it is a hidden draft beside it.
 * @throws Failure export-differs, cancelled, and what reading the model and writing may
 */
export async function exportModel(request: ExportRequest, context: JobContext): Promise<ExportResult> {
  const out = resolve(request.out)
  const draft = join(dirname(out), `.${basename(out)}.draft-${process.pid}`)
  if (existsSync(out)) throw new Failure('bad-input', `${out} exists already; choose a new name.`)
  const outline = await outlineModelFolder(request.model)
  const { config } = outline
  const adapter = request.adapter === null ? null : loadAdapter(request.adapter, config)
  const tell = progressOf(context)
  try {
    const { bytes, precision } =
      request.format === 'gguf'
        ? writeGgufDraft(request, draft, config, adapter, tell)
        : writeFolderDraft(request, draft, adapter, outline.tensors, tell)
    context.emit({ kind: 'progress', progress: megabytes(bytes, bytes, 'comparing') })
    const found = await compareLogits(config, precision, {
      original: async (ids) =>
        forwardLogits(await openModel({ ...choiceOf(request), ...adapterOf(request) }), ids),
      exported: async (ids) => forwardLogits(await reopened(request, draft, config), ids)
    })
    if (!found.sound)
      throw new Failure(
        'export-differs',
        `The logits of ${out} differ by up to ${found.largestLogitDifference.toPrecision(3)} from those of the model and its adapter, where rounding explains ${found.tolerance.toPrecision(2)}; nothing was kept.`
      )
    renameSync(draft, out)
    const { largestLogitDifference, tolerance, tokens } = found
    return { out, format: request.format, type: precision, bytes, largestLogitDifference, tolerance, tokens }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

type Tell = (doneBytes: number, totalBytes: number) => void

/** Tells a few times a second how far it is, and hears a stop. */
function progressOf(context: JobContext): Tell {
  let told = 0
  return (done, total) => {
    if (context.takeControl() === 'stop')
      throw new Failure('cancelled', 'The export was stopped; nothing was kept.')
    const now = performance.now()
    if (now - told < 200) return
    told = now
    context.emit({ kind: 'progress', progress: megabytes(done, total, 'writing') })
  }
}

const megabytes = (done: number, total: number, note: string): Progress => ({
  done: Math.round(done / 1e6),
  total: Math.max(1, Math.round(total / 1e6)),
  unit: 'MB',
  note
})

interface Draft {
  readonly bytes: number
  readonly precision: Precision
}

function writeGgufDraft(
  { model, type }: ExportRequest,
  draft: string,
  config: DecoderConfig,
  adapter: Adapter | null,
  onPiece: Tell
): Draft {
  if (type !== 'f16' && type !== 'q8_0')
    throw new Failure('bad-input', `GGUF is written as f16 or q8_0, not as ${type}.`)
  const precision = type === 'f16' ? 'F16' : 'Q8_0'
  const tokenizer = ggmlMetadata(model, config)
  const name = basename(resolve(model))
  const { bytes } = writeGguf({ model, adapter, out: draft, type: precision, name, tokenizer, onPiece })
  checkGgufWeights(draft, model, adapter)
  return { bytes, precision }
}

function writeFolderDraft(
  { model, type }: ExportRequest,
  draft: string,
  adapter: Adapter | null,
  tensors: readonly { readonly dtype: string }[],
  onPiece: Tell
): Draft {
  if (type !== 'stored' && type !== 'f32')
    throw new Failure('bad-input', `A model folder is written as stored or f32, not as ${type}.`)
  const { bytes } = mergeModelFolder({ model, adapter, out: draft, dtype: type, onPiece })
  const coarsest = (['BF16', 'F16'] as const).find((one) => tensors.some(({ dtype }) => dtype === one))
  return { bytes, precision: type === 'f32' ? 'F32' : (coarsest ?? 'F32') }
}

const choiceOf = ({ model, device, threads, fallback }: ExportRequest) => ({
  model,
  device,
  threads,
  fallback
})
const adapterOf = ({ adapter }: ExportRequest) => (adapter === null ? {} : { adapter })

async function reopened(
  request: ExportRequest,
  draft: string,
  config: DecoderConfig
): Promise<Parameters<typeof forwardLogits>[0]> {
  const choice = choiceOf(request)
  if (request.format === 'model') return openModel({ ...choice, model: draft })
  const { runtime } = await openChosen(choice)
  return { model: readGgufModel(draft, config), trainable: { kind: 'none' }, parameters: new Map(), runtime }
}

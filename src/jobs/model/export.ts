import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { ExportResult, JobRequest, Progress } from '../../contract/job'
import { checkGgufWeights, readGgufModel } from '../../engine/checkpoint/gguf/model'
import { writeGguf } from '../../engine/checkpoint/gguf/write'
import { mergeModelFolder } from '../../engine/checkpoint/merge-model'
import { outlineModelFolder } from '../../engine/checkpoint/model-folder'
import { adapterFile, loadAdapter, saveAdapter, type Adapter } from '../../engine/checkpoint/peft'
import type { DecoderConfig } from '../../engine/models/decoder-config'
import { Failure } from '../../pipeline/failure'
import { compareLogits, type Precision } from './compare-logits'
import { breathe, type JobContext } from '../context'
import { openChosen, type RuntimeChoice } from './devices'
import { fileSha256 } from './file-sha256'
import { ggmlMetadata } from './ggml-metadata'
import { forwardLogits } from './logits'
import { openModel, type ModelChoice, type OpenModel } from './open'

type ExportRequest = Extract<JobRequest, { kind: 'export' }>

/**
 * Writes a model with its adapter added, or the adapter alone, reloads what was written, and compares its logits with
 * those of model and adapter. It gets its name only after that: until then it is a hidden draft beside it.
 * @throws Failure export-differs, cancelled, bad-input where the model is not the one that was meant, and what reading
 * the model and writing may
 */
export async function exportModel(request: ExportRequest, context: JobContext): Promise<ExportResult> {
  const out = resolve(request.out)
  const draft = join(dirname(out), `.${basename(out)}.draft-${process.pid}`)
  if (existsSync(out)) throw new Failure('bad-input', `${out} exists already; choose a new name.`)
  const outline = await outlineModelFolder(request.model)
  const { config } = outline
  const adapter = request.adapter === null ? null : loadAdapter(request.adapter, config)
  const tell = progressOf(context)
  const choice = { ...choiceOf(request), between: () => stopIfTold(context) }
  try {
    const { bytes, precision } = writeDraft(request, draft, config, adapter, outline.tensors, tell)
    context.emit({ kind: 'progress', progress: megabytes(bytes, bytes, 'comparing') })
    let sha256 = ''
    const found = await compareLogits(config, precision, {
      original: async (ids) => {
        const opened = await openModel({ ...choice, ...adapterOf(request) })
        requireModel(request, opened)
        return forwardLogits(opened, ids)
      },
      exported: async (ids) => {
        await breathe()
        stopIfTold(context)
        const draftModel = await reopened(request.format, choice, draft, config)
        sha256 = draftModel.sha256
        return forwardLogits(draftModel, ids)
      }
    })
    stopIfTold(context)
    if (!found.sound)
      throw new Failure(
        'export-differs',
        `The logits of ${out} differ by up to ${found.largestLogitDifference.toPrecision(3)} from those of the model and its adapter, where rounding explains ${found.tolerance.toPrecision(2)}; nothing was kept.`
      )
    renameSync(draft, out)
    const { largestLogitDifference, tolerance, tokens } = found
    const { format } = request
    return { out, format, type: precision, bytes, sha256, largestLogitDifference, tolerance, tokens }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

type Tell = (doneBytes: number, totalBytes: number) => void

function stopIfTold(context: JobContext): void {
  if (context.takeControl() === 'stop')
    throw new Failure('cancelled', 'The export was stopped; nothing was kept.')
}

/** Tells a few times a second how far it is and how long the rest of the writing takes, and hears a stop. */
function progressOf(context: JobContext): Tell {
  const started = performance.now()
  let told = 0
  return (done, total) => {
    stopIfTold(context)
    const now = performance.now()
    if (now - told < 200) return
    told = now
    const etaSeconds = ((now - started) / 1000) * (total / done - 1)
    context.emit({ kind: 'progress', progress: { ...megabytes(done, total, 'writing'), etaSeconds } })
  }
}

/** @throws Failure bad-input when the model's folder holds another model than was meant */
function requireModel({ model, modelSha256: meant }: ExportRequest, { model: { hash } }: OpenModel): void {
  if (meant === undefined || meant === hash) return
  throw new Failure(
    'bad-input',
    `${model} is not the model that the adapter was trained on: it has changed since (${meant.slice(0, 12)}… then, ${hash.slice(0, 12)}… now); nothing was kept.`
  )
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

function writeDraft(
  request: ExportRequest,
  draft: string,
  config: DecoderConfig,
  adapter: Adapter | null,
  tensors: readonly { readonly dtype: string }[],
  tell: Tell
): Draft {
  switch (request.format) {
    case 'gguf':
      return writeGgufDraft(request, draft, config, adapter, tell)
    case 'model':
      return writeFolderDraft(request, draft, adapter, tensors, tell)
    case 'adapter':
      return writeAdapterDraft(request, draft, adapter)
  }
}

function writeAdapterDraft({ model, type }: ExportRequest, draft: string, adapter: Adapter | null): Draft {
  if (adapter === null) throw new Failure('bad-input', 'There is no adapter to export; name its folder.')
  if (type !== 'stored') throw new Failure('bad-input', `An adapter is written as stored, not as ${type}.`)
  saveAdapter(draft, { ...adapter, baseModel: model })
  return { bytes: statSync(join(draft, adapterFile)).size, precision: 'F32' }
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
  checkGgufWeights(draft, model, adapter, () => onPiece(bytes, bytes))
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

/** What was written, as whoever loads it finds it, and what it is signed with. */
async function reopened(
  format: ExportRequest['format'],
  choice: ModelChoice & RuntimeChoice,
  draft: string,
  config: DecoderConfig
): Promise<Parameters<typeof forwardLogits>[0] & { readonly sha256: string }> {
  switch (format) {
    case 'model': {
      const opened = await openModel({ ...choice, model: draft })
      return { ...opened, sha256: opened.model.hash }
    }
    case 'adapter':
      return {
        ...(await openModel({ ...choice, adapter: draft })),
        sha256: fileSha256(join(draft, adapterFile))
      }
    case 'gguf': {
      const { runtime } = await openChosen(choice)
      const model = readGgufModel(draft, config, choice.between)
      const sha256 = fileSha256(draft)
      return { model, trainable: { kind: 'none' }, parameters: new Map(), runtime, sha256 }
    }
  }
}

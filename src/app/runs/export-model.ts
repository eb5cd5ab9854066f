import type { Exportable, ExportForm, ExportOf, ModelView, RunView } from '../../contract/ipc'
import type { JobRequest } from '../../contract/job'
import { Failure } from '../../pipeline/failure'
import type { Project } from '../../store/project'
import { bestCheckpointOf, finalAdapter, latestCheckpoint, readRunRecord } from './folder'
import { listRuns, runFolderOf } from './runs'

type ExportRequest = Extract<JobRequest, { kind: 'export' }>
type Weights = Extract<ExportOf, { kind: 'run' }>['weights']

const wholes: readonly ExportForm[] = ['gguf-q8_0', 'gguf-f16']
const merged: readonly ExportForm[] = ['model', 'model-f32', ...wholes]

const written: Readonly<Record<ExportForm, Pick<ExportRequest, 'format' | 'type'>>> = {
  adapter: { format: 'adapter', type: 'stored' },
  model: { format: 'model', type: 'stored' },
  'model-f32': { format: 'model', type: 'f32' },
  'gguf-f16': { format: 'gguf', type: 'f16' },
  'gguf-q8_0': { format: 'gguf', type: 'q8_0' }
}

/** What the window can export: the runs of a project that have trained something and are not going on, and models. */
export function exportable(project: Project | null, models: readonly ModelView[]): Exportable[] {
  const runs = project ? listRuns(project).flatMap(ofRun) : []
  return [
    ...runs,
    ...models.map(({ dir, name }) => ({
      of: { kind: 'model' as const, dir },
      name,
      detail: 'as it is',
      forms: wholes
    }))
  ]
}

function ofRun({ runId, dir, name, state, step }: RunView): Exportable[] {
  if (step === 0 || state === 'running' || state === 'paused') return []
  const forms: readonly ExportForm[] = trainsAll(dir) ? merged : ['adapter', ...merged]
  const one = (weights: Weights, detail: string): Exportable[] =>
    weightsOf(dir, weights) === null ? [] : [{ of: { kind: 'run', runId, weights }, name, detail, forms }]
  const best = bestCheckpointOf(dir)
  return [
    ...one('last', `last step, ${step}`),
    ...(best && best.step !== step ? one('best', `best step, ${best.step}, by ${best.metric}`) : [])
  ]
}

/** Whether a run trains every weight of its model; an adapter otherwise. */
function trainsAll(dir: string): boolean {
  const { adapter, lora } = readRunRecord(dir).config
  return adapter === null && lora === null
}

/** The folder of what a run has trained; null where nothing is there that other programs could read. */
function weightsOf(dir: string, weights: Weights): string | null {
  // A checkpoint of a whole model has no configuration: only the folder at the run's end is a model.
  if (trainsAll(dir)) return weights === 'last' ? finalAdapter(dir) : null
  if (weights === 'best') return bestCheckpointOf(dir)?.dir ?? null
  return finalAdapter(dir) ?? latestCheckpoint(dir)
}

/** The job that writes `out`. @throws Failure not-found */
export function exportRequest(
  project: () => Project,
  of: ExportOf,
  form: ExportForm,
  out: string
): ExportRequest {
  const rest = { kind: 'export', ...written[form], out, threads: 2, device: 'cpu' } as const
  if (of.kind === 'model') return { ...rest, model: of.dir, adapter: null }
  const dir = runFolderOf(project(), of.runId)
  const trained = weightsOf(dir, of.weights)
  const { config, resolved } = readRunRecord(dir)
  if (trained === null)
    throw new Failure('not-found', `The run ${resolved.name} has no weights that could be exported.`)
  if (trainsAll(dir)) return { ...rest, model: trained, adapter: null }
  return { ...rest, model: config.model, modelSha256: resolved.hashes.model, adapter: trained }
}

import { dialog, type BrowserWindow, type FileFilter } from 'electron'
import { basename } from 'node:path'
import type { ExportForm } from '../contract/ipc'

const projects: FileFilter[] = [{ name: 'Text2Grad project', extensions: ['t2g'] }]

/** Native dialogs. Each gives the path chosen, or null when the person thought better of it. */
export interface Dialogs {
  openProject(): Promise<string | null>
  createProject(): Promise<string | null>
  importFile(): Promise<string | null>
  exportFile(): Promise<string | null>
  modelFolder(): Promise<string | null>
  /** Where an export goes: a new file or a new folder, for which `name` is a proposal. */
  exportModel(name: string, form: ExportForm): Promise<string | null>
  reportFile(): Promise<string | null>
  criticFile(kind: 'rules' | 'llm'): Promise<string | null>
}

export function nativeDialogs(window: () => BrowserWindow): Dialogs {
  const open = async (title: string, filters: FileFilter[]): Promise<string | null> => {
    const { filePaths } = await dialog.showOpenDialog(window(), { title, filters, properties: ['openFile'] })
    return filePaths[0] ?? null
  }
  const save = async (title: string, defaultPath: string, filters: FileFilter[]): Promise<string | null> => {
    const { filePath } = await dialog.showSaveDialog(window(), { title, defaultPath, filters })
    return filePath || null
  }
  return {
    openProject: () => open('Open a project', projects),
    createProject: () => save('New project', 'project.t2g', projects),
    importFile: () => open('Import', [{ name: 'JSON or JSON lines', extensions: ['json', 'jsonl'] }]),
    exportFile: () => save('Export', 'annotations.jsonl', [{ name: 'JSON lines', extensions: ['jsonl'] }]),
    exportModel: (name, form) => {
      const [kind, type] = form.split('-')
      const proposed = `${basename(name)}-${(type ?? kind).toUpperCase()}`
      return kind === 'gguf'
        ? save('Export as GGUF', `${proposed}.gguf`, [{ name: 'GGUF', extensions: ['gguf'] }])
        : save('Export to a new folder', proposed.toLowerCase(), [])
    },
    modelFolder: async () => {
      const title = 'Choose a model folder'
      const { filePaths } = await dialog.showOpenDialog(window(), { title, properties: ['openDirectory'] })
      return filePaths[0] ?? null
    },
    criticFile: (kind) =>
      kind === 'rules'
        ? open('Choose a rules file', [{ name: 'Rules', extensions: ['json'] }])
        : open('Choose a critic’s settings', [{ name: 'Settings', extensions: ['json'] }]),
    reportFile: () => save('Save the report', 'report.html', [{ name: 'HTML', extensions: ['html'] }])
  }
}

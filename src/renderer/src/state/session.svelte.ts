import type { AppInfo, Doctor, Input, ProjectInfo, Settings } from '../../../contract/ipc'
import { notices } from './notices.svelte'
import { router } from './router.svelte'
import { ask } from './studio'

/** The program, the person and the project that is open. */
class Session {
  ready = $state(false)
  info = $state.raw<AppInfo>()
  doctor = $state.raw<Doctor>()
  settings = $state.raw<Settings>({
    personName: null,
    theme: 'system',
    modelDir: null,
    gpuPack: null,
    allowedHosts: []
  })
  project = $state.raw<ProjectInfo | null>(null)
  /** Rises when the project's content was changed by something other than the view on screen. */
  changes = $state(0)

  async start(): Promise<void> {
    const [info, settings, project] = await Promise.all([
      ask('app.info', undefined),
      ask('settings.get', undefined),
      ask('project.info', undefined)
    ])
    this.info = info
    if (settings) this.settings = settings
    this.project = project ?? null
    this.ready = true
    if (info?.runtimeWarning) notices.say(info.runtimeWarning)
    if (info?.projectFailure && !this.project) notices.failure(info.projectFailure)
    this.doctor = await ask('app.doctor', undefined)
  }

  async set(change: Input<'settings.set'>): Promise<void> {
    const settings = await ask('settings.set', change)
    if (!settings) return
    this.settings = settings
    // Another person sees their own annotations.
    if (change.personName) this.changes++
  }

  async choose(how: 'open' | 'create'): Promise<void> {
    const project = await ask('project.choose', how)
    if (project) this.opened(project)
  }

  opened(project: ProjectInfo): void {
    this.project = project
    this.changes++
    router.restart()
  }

  async refresh(): Promise<void> {
    const project = await ask('project.info', undefined)
    if (project === undefined) return
    if (project?.path !== this.project?.path) router.restart()
    this.project = project
    this.changes++
  }

  /** Reads the project's counts again, and nothing else. */
  async recount(): Promise<void> {
    const project = await ask('project.info', undefined)
    if (project?.path === this.project?.path) this.project = project ?? null
  }

  async importFile(file?: string): Promise<void> {
    const summary = await ask('project.import', { file })
    if (!summary) return
    const rejected = summary.rejected.length
    notices.say(
      `Imported ${summary.documents} documents, ${summary.responses} responses and ${summary.spans} spans; ` +
        (rejected
          ? `${rejected} records were rejected (${summary.rejected[0].reason}).`
          : 'none was rejected.')
    )
    await this.refresh()
  }

  async exportFile(): Promise<void> {
    const summary = await ask('project.export', undefined)
    if (summary) notices.say(`Exported ${summary.records} records and ${summary.spans} spans.`)
  }

  async check(): Promise<void> {
    const summary = await ask('project.check', undefined)
    if (!summary) return
    notices.say(
      summary.ok
        ? `The project is sound: ${summary.responses} responses and ${summary.spans} spans checked.`
        : `The check found ${summary.problems.length} problems: ${summary.problems[0]}`
    )
  }
}

export const session = new Session()

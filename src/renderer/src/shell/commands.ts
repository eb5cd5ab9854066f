import type { Command } from '../state/commands.svelte'
import { dialogs } from '../state/dialogs.svelte'
import { exporter } from '../state/exporter.svelte'
import { router } from '../state/router.svelte'
import { runs } from '../state/runs.svelte'
import { session } from '../state/session.svelte'
import { steps } from '../state/steps'

const open = () => session.project !== null

/** What can be done from anywhere. Views add their own while they are on screen. */
export const everywhere: readonly Command[] = [
  ...steps.map((step, index) => ({
    id: `go.${step.view}`,
    title: `Go to ${step.title}`,
    group: 'Go',
    keys: `$mod+${index + 1}`,
    run: () => router.go(step.place)
  })),
  { id: 'go.back', title: 'Back', group: 'Go', keys: 'Alt+ArrowLeft', run: () => router.back() },
  { id: 'go.forward', title: 'Forward', group: 'Go', keys: 'Alt+ArrowRight', run: () => router.forward() },
  {
    id: 'palette',
    title: 'Search or do',
    group: 'Window',
    keys: '$mod+k',
    run: () => dialogs.toggle('palette')
  },
  {
    id: 'keys',
    title: 'Show the keys',
    group: 'Window',
    keys: '[Shift]+?',
    run: () => dialogs.toggle('keys')
  },
  {
    id: 'settings',
    title: 'Settings',
    group: 'Window',
    keys: '$mod+,',
    run: () => dialogs.toggle('settings')
  },
  {
    id: 'settings.hosts',
    title: 'Hosts that critics may send to…',
    group: 'Window',
    run: () => (dialogs.open = 'settings')
  },
  {
    id: 'theme.light',
    title: 'Light theme',
    group: 'Window',
    run: () => void session.set({ theme: 'light' })
  },
  { id: 'theme.dark', title: 'Dark theme', group: 'Window', run: () => void session.set({ theme: 'dark' }) },
  {
    id: 'theme.system',
    title: 'Theme as the system',
    group: 'Window',
    run: () => void session.set({ theme: 'system' })
  },
  {
    id: 'project.open',
    title: 'Open a project…',
    group: 'Project',
    keys: '$mod+o',
    run: () => void session.choose('open')
  },
  { id: 'project.create', title: 'New project…', group: 'Project', run: () => void session.choose('create') },
  {
    id: 'project.import',
    title: 'Import a file…',
    group: 'Project',
    keys: '$mod+Shift+i',
    enabled: open,
    run: () => void session.importFile()
  },
  {
    id: 'project.export',
    title: 'Export to JSONL…',
    group: 'Project',
    enabled: open,
    run: () => void session.exportFile()
  },
  {
    id: 'project.check',
    title: 'Check the project',
    group: 'Project',
    enabled: open,
    run: () => void session.check()
  },
  {
    id: 'annotate.sample',
    title: 'Sample answers from a model…',
    group: 'Project',
    enabled: open,
    run: () => dialogs.toggle('sample')
  },
  {
    id: 'run.new',
    title: 'New run…',
    group: 'Runs',
    keys: '$mod+Shift+n',
    enabled: open,
    run: () => router.go({ view: 'optimise', page: 'new' })
  },
  {
    id: 'run.open',
    title: 'Open the running job',
    group: 'Runs',
    enabled: () => runs.active !== undefined,
    run: () => {
      if (runs.active) router.go({ view: 'optimise', page: 'run', runId: runs.active.runId })
    }
  },
  {
    id: 'run.stop',
    title: 'Stop the running job',
    group: 'Runs',
    enabled: () => runs.active !== undefined,
    run: () => {
      if (runs.active) void runs.control('stop', runs.active.runId)
    }
  },
  {
    id: 'model.export',
    title: 'Export a model or a run…',
    group: 'Runs',
    keys: '$mod+Shift+e',
    run: () => void exporter.open()
  }
]

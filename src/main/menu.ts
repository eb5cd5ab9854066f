import { app, Menu, type MenuItemConstructorOptions } from 'electron'

type Item = MenuItemConstructorOptions

/**
 * The native menu. An item only names a command of the window's palette; its key is shown here and handled there,
 * so that nothing runs twice.
 */
export function setMenu(send: (command: string) => void): void {
  const item = (label: string, command: string, accelerator?: string): Item => ({
    label,
    accelerator,
    registerAccelerator: false,
    click: () => send(command)
  })
  const separator: Item = { type: 'separator' }
  const project: Item[] = [
    item('New project…', 'project.create'),
    item('Open a project…', 'project.open', 'CommandOrControl+O'),
    separator,
    item('Import a file…', 'project.import', 'CommandOrControl+Shift+I'),
    item('Export to JSONL…', 'project.export'),
    item('Sample answers from a model…', 'annotate.sample'),
    item('Check the project', 'project.check'),
    separator,
    item('Settings', 'settings', 'CommandOrControl+,'),
    { role: 'quit' }
  ]
  // Undo is the project's own, and reaches back before the last start: the roles would undo only typing.
  const edit: Item[] = [
    item('Undo', 'edit.undo', 'CommandOrControl+Z'),
    item('Redo', 'edit.redo', 'CommandOrControl+Shift+Z'),
    separator,
    { role: 'cut' },
    { role: 'copy' },
    { role: 'paste' },
    { role: 'selectAll' }
  ]
  const go: Item[] = [
    ...['Annotate', 'Align', 'Reward', 'Optimise', 'Review'].map((step, index) =>
      item(step, `go.${step.toLowerCase()}`, `CommandOrControl+${index + 1}`)
    ),
    separator,
    item('Back', 'go.back', 'Alt+Left'),
    item('Forward', 'go.forward', 'Alt+Right'),
    separator,
    item('Search or do…', 'palette', 'CommandOrControl+K')
  ]
  const runs: Item[] = [
    item('New run…', 'run.new', 'CommandOrControl+Shift+N'),
    item('Open the running job', 'run.open'),
    item('Stop the running job', 'run.stop'),
    separator,
    item('Export a model…', 'model.export', 'CommandOrControl+Shift+E')
  ]
  const view: Item[] = [
    item('Light', 'theme.light'),
    item('Dark', 'theme.dark'),
    item('As the system', 'theme.system'),
    separator,
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    { role: 'resetZoom' },
    { role: 'togglefullscreen' },
    separator,
    { role: 'toggleDevTools' }
  ]
  const help: Item[] = [
    item('Keys', 'keys', 'Shift+?'),
    { label: 'About Text2Grad Studio', click: () => app.showAboutPanel() }
  ]
  const menus: Record<string, Item[]> = {
    Project: project,
    Edit: edit,
    Go: go,
    Runs: runs,
    View: view,
    Help: help
  }
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(Object.entries(menus).map(([label, submenu]) => ({ label, submenu })))
  )
}

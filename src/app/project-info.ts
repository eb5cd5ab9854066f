import type { ProjectInfo } from '../contract/ipc'
import { countAll } from '../store/counts'
import type { Project } from '../store/project'

export function projectInfo(project: Project): ProjectInfo {
  return { path: project.file, name: project.name, ...project.read(countAll) }
}

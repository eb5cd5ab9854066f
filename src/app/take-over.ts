import { openProject } from '../store/project'

/** Frees a project whose owner was on a machine that is gone. */
export function takeOverProject(file: string): void {
  openProject(file, { takeOver: true }).close()
}

import { Failure } from '../pipeline/failure'
import { openProject, type Project } from '../store/project'

/** Works on what a project given by its path has; it is open only until then. */
export async function readingOf<T>(file: string, work: (project: Project) => T | Promise<T>): Promise<T> {
  const project = openToRead(file)
  try {
    return await work(project)
  } finally {
    project.close()
  }
}

/** Opens a project beside whoever writes it; one of an older version is brought up to date first. */
export function openToRead(file: string): Project {
  try {
    return openProject(file, { readOnly: true })
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'project-older') throw thrown
    openProject(file).close()
    return openProject(file, { readOnly: true })
  }
}
